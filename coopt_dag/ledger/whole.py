"""Small files that appear whole or not at all, also when the machine goes down meanwhile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file, or replace it, as a whole; its folder is made if absent.

    Parameters
    ----------
    private : bool
        Readable by its user alone, as is the folder if it is made now.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "notes" / "one.json"
    >>> write_whole(path, "{}", private=True)
    >>> path.read_text(), oct(path.stat().st_mode & 0o777)
    ('{}', '0o600')
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o777)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)  # of a killed process that had our number
    mode = 0o600 if private else 0o666
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Let what a file holds, or the names in a folder, survive a crash."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

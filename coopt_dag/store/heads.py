"""Named roots in a folder: one file a name, moved on by compare-and-swap under a lock."""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError, UsageError
from coopt_dag.store.cid import CID
from coopt_dag.store.staging import disk_trouble, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CID = re.compile(r"b[a-z2-7]{58}|Qm[1-9A-HJ-NP-Za-km-z]{44}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def check_name(name: str) -> str:
    """Give the name back if it can stand in a path and a URL.

    >>> check_name("artifacts")
    'artifacts'
    """
    if _NAME.fullmatch(name) is None or _CID.fullmatch(name):
        raise UsageError(
            f"'{name[:80]}' is no name of a root.",
            hint="a name has 1 to 128 letters, digits, '.', '_' or '-', starts with none of .- and "
            "is no CID (content by CID is read over a gateway: http://GATEWAY/ipfs/CID).",
        )
    return name


class HeadFolder:
    """At most one head a name; what is visible was written whole and synced.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from coopt_dag.store.cid import Codec
    >>> heads, cid = HeadFolder(Path(tempfile.mkdtemp())), CID.of(b"", Codec.RAW)
    >>> heads.move("a", frozenset(), cid), heads.move("a", frozenset(), cid)
    (True, False)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> frozenset[CID]:
        """Give the head of a name, if it has one.

        Raises
        ------
        IntegrityError
            The file holds something else than a CID.
        """
        path = self._folder / check_name(name)
        with disk_trouble(path):
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except FileNotFoundError:
                return frozenset()
        try:
            return frozenset((CID.parse(text.removesuffix("\n")),))
        except UsageError as error:
            raise IntegrityError(
                f"holds no CID: {text[:80]!r}.",
                hint="write the CID of the last known root into it, or remove it.",
                path=path,
            ) from error

    def names(self) -> list[str]:
        """Give the names that have a head."""
        with disk_trouble(self._folder):
            found = [p.name for p in self._folder.iterdir()] if self._folder.is_dir() else []
        return sorted(name for name in found if _NAME.fullmatch(name))

    def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
        """Put `new` in the place of `old`, or nothing if the head is another by now."""
        path = self._folder / check_name(name)
        with disk_trouble(path), self._locked():
            if self.read(name) != old:
                return False
            if new is None:
                path.unlink(missing_ok=True)
            elif old == {new}:
                sync([path])  # it is there, but perhaps not yet synced by who wrote it
            else:
                part = self._folder / f".{name}.part"  # one writer at a time: we hold the lock
                part.write_text(f"{new}\n", encoding="utf-8")
                sync([part])
                part.replace(path)
            sync([self._folder])
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

"""Folders in memory that only this user can read, gone with the process that made them."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import IsolationError

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = Path("/dev/shm")  # noqa: S108  # a tmpfs, which is what we need; each folder is private


@contextmanager
def private_folder(*, memory: Path = MEMORY) -> Iterator[Path]:
    """Give an empty folder on a tmpfs, mode 0700, removed when the context ends.

    A killed process leaves its folder; the next one that asks for a folder removes it. Whether
    the maker lives is told by a lock, which ends with it whatever happens, and which holds
    across PID namespaces where numbers of processes mean nothing.

    Raises
    ------
    IsolationError
        There is no tmpfs, or somebody else has taken our place on it.

    Examples
    --------
    >>> with private_folder() as folder:
    ...     oct(folder.stat().st_mode & 0o777)
    '0o700'
    >>> folder.exists()
    False
    """
    _require_tmpfs(memory)
    base = memory / f"coopt-{os.getuid()}"
    _make_base(base)
    folder, lock = _make(base)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(lock)


def _require_tmpfs(memory: Path) -> None:
    kind = ""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, place, found, *_ = line.split(" ")
        if Path(place) == memory:
            kind = found  # the last mount on a place is the one that is seen
    if kind != "tmpfs":
        raise IsolationError(
            "hidden data are opened in memory only, and this is no tmpfs",
            path=memory,
            hint=f"mount -t tmpfs -o mode=1777 tmpfs {memory}",
        )


def _make_base(base: Path) -> None:
    base.mkdir(mode=0o700, exist_ok=True)
    found = base.lstat()
    ours = found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == 0o700
    if not (stat.S_ISDIR(found.st_mode) and ours):
        raise IsolationError(
            "somebody else has taken this place, where hidden data are opened",
            path=base,
            hint="have the machine's administrator remove it",
        )


def _make(base: Path) -> tuple[Path, int]:
    """Remove what dead processes left, then make a folder and hold its lock."""
    guard = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)
        for left in base.iterdir():
            _remove_if_dead(left)
        folder = Path(tempfile.mkdtemp(dir=base))
        lock = _locked(folder)
    finally:
        os.close(guard)
    if lock is None:
        raise IsolationError("a new folder is locked already", path=folder, hint="try again")
    return folder, lock


def _locked(folder: Path) -> int | None:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _remove_if_dead(folder: Path) -> None:
    try:
        lock = _locked(folder)
    except FileNotFoundError:
        return  # its maker has just removed it
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)

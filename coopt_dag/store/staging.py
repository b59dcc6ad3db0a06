"""A folder of half-done work that becomes visible at once, or never: locks, fsync, rename."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import CooptError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from io import FileIO

_FEW = 16
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def staging_folder(parent: Path, *, prefix: str) -> Iterator[Path]:
    """Give an empty folder below `parent`, removed at the end; first sweep those of the dead.

    A live folder is locked by its process (flock), so a kill -9 frees it for the next sweep.
    """
    with disk_trouble(parent):
        parent.mkdir(parents=True, exist_ok=True)
        with _locked(parent):  # nobody sweeps between our mkdir and our lock
            for left in parent.glob(f"{prefix}*"):
                _remove_if_dead(left)
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


@contextmanager
def disk_trouble(place: Path) -> Iterator[None]:
    """Turn a full, read-only or failing disk into one of our errors.

    Examples
    --------
    >>> with disk_trouble(Path("blocks")):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    coopt_dag.errors.CooptError: blocks: the disk refuses: No space left on device.
    """
    try:
        yield
    except OSError as error:
        raise CooptError(
            f"the disk refuses: {error.strerror or error}.",
            hint="nothing half-written was kept; free space or fix permissions and run it again.",
            path=place,
        ) from error


def is_read_only(error: CooptError) -> bool:
    """Tell whether the disk may be read but not written."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _READ_ONLY


def write_all(file: FileIO, content: bytes) -> None:
    """Write everything, for an unbuffered file may take less than it is given and say so.

    >>> import io, tempfile
    >>> with tempfile.TemporaryFile(buffering=0) as file:
    ...     write_all(file, b"hits")
    ...     file.tell()
    4
    """
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def sync(paths: Collection[Path]) -> None:
    """Have the disk hold these files or folders before going on.

    Many at once: one call for their whole file system costs less than one for each of them.
    """
    if len(paths) > _FEW and _sync_filesystem(next(iter(paths))):
        return
    for path in paths:
        _sync_one(path)


def _sync_filesystem(path: Path) -> bool:
    """Tell whether syncfs(2) did it; some file systems and kernels have none."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if syncfs(handle) == 0:
            return True
        number = ctypes.get_errno()
        if number in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
            return False
        raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(handle)


def _sync_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_if_dead(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # its process lives
        finally:
            os.close(handle)

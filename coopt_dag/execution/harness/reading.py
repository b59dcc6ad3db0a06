"""Opening what a stranger wrote: once, by descriptor, a plain file and no more bytes than agreed.

All checks look at the open descriptor and all bytes come through it, so nothing can be put in
the place of what was checked. A FIFO is refused without waiting for its writer.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import IO, TYPE_CHECKING

from coopt_dag.execution.harness.artifacts import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 1 << 34
"""What one array or table may weigh, as a file and unpacked, whatever the step's budget says."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_FAULTS_OF_THE_FILE = {
    errno.ELOOP: "is a link",
    errno.ENOTDIR: "lies in no plain folder",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.ENXIO: "is a socket or a device",
    errno.ENODEV: "is a device",
    errno.EACCES: "is not readable",
    errno.EPERM: "is not readable",
    errno.ENOENT: "is not there",
}


def most(limit_bytes: int | None) -> int:
    """Give the bytes that may be read: the caller's limit, never more than `MOST_BYTES`.

    >>> most(100), most(None) == MOST_BYTES
    (100, True)
    """
    return MOST_BYTES if limit_bytes is None else min(limit_bytes, MOST_BYTES)


def descriptor(
    name: str, entry: str, *, folder_fd: int | None, links: bool, folder: bool = False
) -> int:
    """Open a file or folder; the caller closes the descriptor.

    Raises
    ------
    ArtifactError
        It is a link (unless `links`), or cannot be opened for a reason that lies in the file.
    """
    flags = _FLAGS | (0 if links else os.O_NOFOLLOW) | (os.O_DIRECTORY if folder else 0)
    try:
        return os.open(entry, flags, dir_fd=folder_fd)
    except OSError as error:
        fault = _FAULTS_OF_THE_FILE.get(error.errno or 0)
        if fault is None:
            raise  # a fault of the machine, as when no descriptor is left
        raise refuse(name, f"{os.path.basename(entry)!r} {fault}") from error  # noqa: PTH119


def check_plain(name: str, entry: str, status: os.stat_result, *, links: bool) -> None:
    """Refuse devices, FIFOs, sockets and folders; and files with a second name, unless `links`."""
    if not stat.S_ISREG(status.st_mode):
        raise refuse(name, f"{entry!r} is no plain file")
    if status.st_nlink != 1 and not links:
        raise refuse(name, f"{entry!r} is a hard link: it has {status.st_nlink} names")


@contextlib.contextmanager
def opened(
    name: str, path: Path, *, limit_bytes: int, links: bool = False
) -> Iterator[tuple[IO[bytes], int]]:
    """Open a plain file of at most `limit_bytes` bytes; give it and its size.

    Parameters
    ----------
    links : bool
        Follow a symbolic link and allow hard links: for what lies in our own store or data.

    Raises
    ------
    ArtifactError
        A link, no plain file, or too large.
    """
    folder_fd = descriptor(name, str(path.parent), folder_fd=None, links=links, folder=True)
    try:
        fd = descriptor(name, path.name, folder_fd=folder_fd, links=links)
    finally:
        os.close(folder_fd)
    try:
        status = os.fstat(fd)
        check_plain(name, path.name, status, links=links)
        if status.st_size > limit_bytes:
            raise refuse(name, f"{status.st_size} bytes are more than the {limit_bytes} allowed")
        with os.fdopen(fd, "rb", closefd=False) as file:
            yield file, status.st_size
    finally:
        os.close(fd)


def read_plain(name: str, path: Path, *, limit_bytes: int, links: bool = False) -> bytes:
    """Read a plain file of at most `limit_bytes` bytes, whole.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "a")
    >>> path.write_bytes(b"12345")
    5
    >>> read_plain("a", path, limit_bytes=4)
    Traceback (most recent call last):
    coopt_dag.execution.harness.artifacts.ArtifactError: artifact 'a': 5 bytes are more than the \
4 allowed
    """
    with opened(name, path, limit_bytes=limit_bytes, links=links) as (file, size):
        data = file.read(size)
        if len(data) != size or file.read(1):
            raise refuse(name, f"{path.name!r} changed while it was read")
    return data

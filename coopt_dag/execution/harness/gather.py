"""Takes what a dead run left in its output folder: plain files and folders, nothing else.

Our own code, on a folder that nobody can write any more; it never follows a link, never waits on
a pipe, and never interprets a byte.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from coopt_dag.errors import NodeFailedError

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.execution.harness.limits import Limits

_DEPTH = 32
_PATH_BYTES = 1024
"""Of a path below the output folder; the kernel takes 4096 with what is before it."""
_CHUNK_BYTES = 1 << 26


def gather(source: Path, target: Path, limits: Limits) -> None:
    """Copy a run's output folder to `target`, which does not exist yet.

    Raises
    ------
    NodeFailedError
        A link, a special file, a second name of a file, too many bytes, too deep, or a name that
        is not UTF-8: `invalid_output`, or `too_much_output`.
    """
    descriptor = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _folder(descriptor, target, limits.output_bytes, "", 0)
    finally:
        os.close(descriptor)


def _folder(descriptor: int, target: Path, left_bytes: int, where: str, depth: int) -> int:
    """Copy one folder; give the bytes that are left."""
    if depth > _DEPTH:
        raise _refused("folders are nested too deep", where)
    target.mkdir()
    for name in sorted(os.listdir(descriptor)):
        if not name.isprintable():  # also: bytes that are no UTF-8, which Python escapes
            raise _refused(f"wrote a name that cannot be printed, {name!r}", where)
        path = f"{where}/{name}" if where else name
        if len(path.encode()) > _PATH_BYTES:
            raise _refused(f"wrote a path of more than {_PATH_BYTES} bytes", where)
        mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        if stat.S_ISDIR(mode):
            inner = os.open(name, flags | os.O_DIRECTORY, dir_fd=descriptor)
            try:
                left_bytes = _folder(inner, target / name, left_bytes, path, depth + 1)
            finally:
                os.close(inner)
        elif stat.S_ISREG(mode):
            inner = os.open(name, flags, dir_fd=descriptor)
            try:
                left_bytes -= _file(inner, target / name, left_bytes, path)
            finally:
                os.close(inner)
        else:
            raise _refused(f"wrote {path}, which is neither a plain file nor a folder", where)
    return left_bytes


def _file(descriptor: int, target: Path, left_bytes: int, path: str) -> int:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise _refused(f"wrote {path}, which changed while it was read", path)
    if found.st_nlink != 1:
        raise _refused(f"wrote {path}, which has a second name (a hard link)", path)
    if found.st_size > left_bytes:
        raise NodeFailedError(
            f"wrote more than its budget: {path} has {found.st_size} bytes",
            failure="too_much_output",
            hint="see budget.disk_mb",
        )
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        at = 0
        while at < found.st_size:
            sent = os.sendfile(out, descriptor, at, min(_CHUNK_BYTES, found.st_size - at))
            if not sent:
                raise _refused(f"wrote {path}, which shrank while it was read", path)
            at += sent
    finally:
        os.close(out)
    return found.st_size


def _refused(message: str, where: str) -> NodeFailedError:
    return NodeFailedError(message, failure="invalid_output", field=where.partition("/")[0] or None)

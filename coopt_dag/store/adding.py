"""What lies on disk becomes blocks: plain files and folders; symlinks only if asked for."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError, UsageError
from coopt_dag.store.importer import Imported, import_file, import_folder, import_symlink
from coopt_dag.store.names import file_name
from coopt_dag.store.profile import UNIXFS_V1_2025, Profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from coopt_dag.store.protocol import Put

SOLUTION_IGNORE = ("__pycache__", "*.pyc")
"""What Python leaves behind in a folder of a solution when it runs."""

_MAX_FOLDERS = 32  # 32 folders, each with shards, still fit the depth that readers accept


@dataclass(frozen=True, slots=True)
class _How:
    put: Put
    ignore: Collection[str]
    profile: Profile
    symlinks: bool


def import_path(
    path: Path,
    put: Put,
    *,
    ignore: Collection[str] = (),
    profile: Profile = UNIXFS_V1_2025,
    symlinks: bool = False,
) -> Imported:
    """Import a file or folder as it lies on disk, hidden files and empty folders included.

    Parameters
    ----------
    path : Path
        A plain file or a folder.
    put : Put
        Takes the blocks.
    ignore : collection of str
        Patterns of names left out at every level.
    profile : Profile
        How content becomes blocks: another one gives another CID.
    symlinks : bool
        Keep symlinks as their text; else they are refused. They are never followed.

    Raises
    ------
    UsageError
        Nothing is there.
    ContentRefusedError
        A symlink (unless `symlinks`), a device, a socket or an unreadable file is in it.

    Examples
    --------
    >>> import tempfile
    >>> from coopt_dag.store.cid import CID
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     str(import_path(Path(folder), CID.of).cid)
    'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'
    """
    return _import_path(Path(path), _How(put, ignore, profile, symlinks), 0)


def _import_path(path: Path, how: _How, depth: int) -> Imported:
    with _readable(path):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            return _import_folder(path, how, depth)
        if stat.S_ISLNK(mode) and how.symlinks:
            target = os.readlink(os.fsencode(path))  # noqa: PTH115 - bytes, as the disk has them
            return import_symlink(target, how.put, profile=how.profile)
        if not stat.S_ISREG(mode):
            raise _not_plain(path, mode)
        # O_NOFOLLOW, O_NONBLOCK: it may have become a symlink or a pipe since we looked
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb", buffering=0) as file:  # noqa: PTH123 - a handle, not a path
            return import_file(file, how.put, profile=how.profile)


def _import_folder(path: Path, how: _How, depth: int) -> Imported:
    if depth == _MAX_FOLDERS:
        raise ContentRefusedError(
            f"lies below {depth} folders, the most we take.", hint="flatten it.", path=path
        )
    entries: dict[bytes, Imported] = {}
    for child in path.iterdir():
        name = os.fsencode(child.name)
        try:
            text = file_name(name)
        except ContentRefusedError as error:
            raise ContentRefusedError(error.message, hint=error.hint, path=path) from error
        if not any(fnmatchcase(text, pattern) for pattern in how.ignore):
            entries[name] = _import_path(child, how, depth + 1)
    return import_folder(entries, how.put, profile=how.profile)


def _not_plain(path: Path, mode: int) -> ContentRefusedError:
    if stat.S_ISLNK(mode):
        return ContentRefusedError(
            f"is a symlink (to '{path.readlink()}'); only plain files and folders have a CID.",
            hint="put a copy of the file in its place: `cp --remove-destination`.",
            path=path,
        )
    return ContentRefusedError(
        "is a device, socket or pipe; only plain files and folders have a CID.",
        hint="remove it from the folder.",
        path=path,
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(
            "is not there.",
            hint="check the path; or another program removed it meanwhile.",
            path=path,
        ) from error
    except OSError as error:
        raise ContentRefusedError(
            f"cannot be read: {error.strerror or error}.", hint="fix it and add again.", path=path
        ) from error

"""Files and folders in and out of a store, by CID (profile `unixfs-v1-2025` if not told)."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError, UsageError
from coopt_dag.store.adding import import_path
from coopt_dag.store.cid import CID
from coopt_dag.store.fetching import materialise
from coopt_dag.store.importer import import_file
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits
from coopt_dag.store.profile import UNIXFS_V1_2025, Profile, profile_of_version
from coopt_dag.store.protocol import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from coopt_dag.store.protocol import Put, Store


def add_path(
    store: Store,
    path: Path,
    *,
    ignore: Collection[str] = (),
    pin: bool = False,
    profile: Profile = UNIXFS_V1_2025,
    symlinks: bool = False,
) -> str:
    """Put a file or folder into the store, all or nothing; give its CID.

    Hidden files and empty folders are part of it; modes and times are not.

    Parameters
    ----------
    store : Store
        Where the blocks go.
    path : Path
        A plain file or a folder of plain files.
    ignore : collection of str
        Patterns of names left out at every level, e.g. `adding.SOLUTION_IGNORE`.
    pin : bool
        Keep it for good: no collection takes it, not even one that comes in between.
    profile : Profile
        How content becomes blocks: another one gives another CID.
    symlinks : bool
        Keep symlinks as their text; else they are refused. They are never followed.

    Raises
    ------
    UsageError
        Nothing is there, or it is to be pinned and the store keeps no pins.
    ContentRefusedError
        A symlink (unless `symlinks`), a device, a socket or an unreadable file is in it.

    Examples
    --------
    >>> import tempfile
    >>> from coopt_dag.store.memory import MemoryStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     add_path(MemoryStore(), Path(folder))
    'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'
    """

    def work(put: Put) -> CID:
        return import_path(path, put, ignore=ignore, profile=profile, symlinks=symlinks).cid

    return _add(store, work, pin=pin)


def add_bytes(store: Store, content: bytes, *, pin: bool = False) -> str:
    """Put bytes into the store as a file; give its CID.

    >>> from coopt_dag.store.memory import MemoryStore
    >>> add_bytes(MemoryStore(), b"hello world")
    'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
    """
    return _add(store, lambda put: import_file(io.BytesIO(content), put).cid, pin=pin)


def _add(store: Store, work: Callable[[Put], CID], *, pin: bool) -> str:
    if not pin:
        with store.batch() as put:
            return str(work(put))
    if not isinstance(store, Keeper):
        raise UsageError(
            f"{type(store).__name__} keeps no pins.", hint="add it to the workspace's own store."
        )
    with store.holding():
        with store.batch() as put:
            cid = work(put)
        store.pin(cid)
    return str(cid)


def cid_of(
    path: Path,
    *,
    ignore: Collection[str] = (),
    profile: Profile = UNIXFS_V1_2025,
    symlinks: bool = False,
) -> str:
    """Name a file or folder as `add_path` would, keeping nothing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "greeting").write_text("hello world")
    ...     cid_of(Path(folder) / "greeting")
    'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
    """
    made = import_path(path, CID.of, ignore=ignore, profile=profile, symlinks=symlinks)
    return str(made.cid)


def fetch_path(
    store: Store,
    cid: str,
    target: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    ignore: Collection[str] = (),
    symlinks: bool = False,
) -> Path:
    """Write what a CID names to `target`, whole or not at all; if it is there, do nothing.

    Parameters
    ----------
    store : Store
        Where the blocks are.
    cid : str
        A file or folder.
    target : Path
        Must not exist, unless with just this content.
    limits : Limits
        Bounds against hostile content.
    ignore : collection of str
        Patterns of names that may have come to `target` since, e.g. `adding.SOLUTION_IGNORE`.
    symlinks : bool
        Make the symlinks in a folder, if every one stays inside it; else they are refused.

    Raises
    ------
    UsageError
        `target` has other content, and is left as it is; or `cid` is none.
    ContentMissingError, IntegrityError, ContentRefusedError
        A block is missing, damaged, malformed or beyond the limits, or a symlink is refused;
        nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fetch_path(store, add_bytes(store, b"hits"), Path(folder, "a")).read_bytes()
    b'hits'
    """
    root, target = CID.parse(cid), Path(target)
    there = os.path.lexists(target)
    if there or not materialise(store, root, target, limits=limits, symlinks=symlinks):
        _check_same(root, target, ignore, symlinks=symlinks)
    return target


def _check_same(cid: CID, target: Path, ignore: Collection[str], *, symlinks: bool) -> None:
    profile = profile_of_version(cid.version)
    try:
        found = cid_of(target, ignore=ignore, profile=profile, symlinks=symlinks)
    except ContentRefusedError as error:
        found = f"something else ({error})"
    if found != str(cid):
        raise UsageError(
            f"is there already, and is {found}, not {cid}; it was left as it is.",
            hint="give another destination, or move this one away first.",
            path=target,
        )

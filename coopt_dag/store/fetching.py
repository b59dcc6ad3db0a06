"""A CID becomes a file or folder on disk, whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from coopt_dag.store.links import Links
from coopt_dag.store.reader import Opened, Reader
from coopt_dag.store.staging import disk_trouble, staging_folder, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.store.cid import CID
    from coopt_dag.store.limits import Limits
    from coopt_dag.store.protocol import Store


def materialise(
    store: Store, cid: CID, dest: Path, *, limits: Limits, symlinks: bool = False
) -> bool:
    """Write the content of `cid` to `dest`, which appears only when it is whole.

    Parameters
    ----------
    store : Store
        Where the blocks are.
    cid : CID
        A file or folder.
    dest : Path
        Where to write.
    limits : Limits
        Bounds against hostile content.
    symlinks : bool
        Make the symlinks in a folder, if every one stays inside it; else they are refused.

    Returns
    -------
    bool
        False if something appeared at `dest` meanwhile; it is left as it is.

    Raises
    ------
    ContentMissingError, IntegrityError, ContentRefusedError
        A block is missing, damaged, malformed or beyond the limits; nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from coopt_dag.store.cid import Codec
    >>> from coopt_dag.store.limits import Limits
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = materialise(store, store.put(b"hi", Codec.RAW), Path(folder, "a"), limits=Limits())
    ...     Path(folder, "a").read_bytes()
    b'hi'
    """
    reader = Reader(store, limits=limits, symlinks=symlinks)
    with disk_trouble(dest), staging_folder(dest.parent, prefix=".coopt-fetch-") as folder:
        content = folder / "content"  # not `folder` itself, which only its owner may read
        links = Links()
        _write(reader, reader.open(cid), content, (), links)
        links.make(content)  # last, so that nothing is ever written through one of them
        return _publish(content, dest)


def _write(reader: Reader, opened: Opened, path: Path, way: tuple[str, ...], links: Links) -> None:
    """Write below `path`; no fsync: what a power cut damages is noticed and fetched again."""
    if opened.is_symlink:
        links.add(way, opened.message.data)
        return
    if not opened.is_folder:
        with path.open("xb", buffering=0) as file:
            for piece in reader.content(opened):
                write_all(file, piece)
        return
    path.mkdir()
    for name, cid in reader.entries(opened):
        below = reader.open(cid, trail=opened.trail)
        _write(reader, below, path / name, (*way, name), links)


def _publish(content: Path, dest: Path) -> bool:
    try:
        if content.is_dir():
            content.rename(dest)
        else:
            os.link(content, dest)  # unlike rename, never replaces
    except OSError:
        if os.path.lexists(dest):
            return False
        raise
    return True

"""Collection: what no pin and no named root reaches is removed, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentMissingError, ContentRefusedError, IntegrityError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.walk import links_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from coopt_dag.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection kept and removed, in blocks and bytes."""

    kept: int
    removed: int
    freed_bytes: int


def live_blocks(store: Store, roots: Iterable[CID]) -> set[bytes]:
    """Give the digests of all blocks at or below the roots; leaves are only looked for, not read.

    Raises
    ------
    ContentMissingError, IntegrityError, ContentRefusedError
        A block is missing, damaged or malformed: what lies below it cannot be known, so that
        nothing may be collected.

    Examples
    --------
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> len(live_blocks(store, [store.put(b"hits", Codec.RAW)]))
    1
    """
    # with the codec: a block that is read as raw has no children, and read as dag-pb it may
    found: set[tuple[Codec, bytes]] = set()
    for root in roots:
        try:
            _reach(store, root, found)
        except (ContentMissingError, IntegrityError, ContentRefusedError) as error:
            raise type(error)(
                f"nothing was collected, for {root} is to be kept but is not whole: "
                f"{error.message}",
                hint="fetch or add its content again, or unpin it; then collect.",
                path=error.path,
            ) from error
    return {digest for _, digest in found}


def _reach(store: Store, root: CID, found: set[tuple[Codec, bytes]]) -> None:
    waiting = [root]
    while waiting:
        cid = waiting.pop()
        if (cid.codec, cid.digest) in found:
            continue
        found.add((cid.codec, cid.digest))
        if cid.codec != Codec.RAW:
            waiting.extend(links_of(cid, store.get(cid)))
        elif not store.has(cid):
            store.get(cid)  # raises, and says how to go on


def check_whole(store: Store, root: CID) -> None:
    """Refuse a DAG of which a block is missing.

    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> check_whole(store, store.put(b"hits", Codec.RAW))
    """
    _reach(store, root, set())


def sweep(
    files: Iterable[Path], live: set[bytes], digest_of: Callable[[Path], bytes], *, dry_run: bool
) -> Collected:
    """Remove the block files that are not live; a file that vanished meanwhile is no trouble."""
    kept = removed = freed = 0
    for path in files:
        if digest_of(path) in live:
            kept += 1
            continue
        with suppress(FileNotFoundError):
            freed += path.stat().st_size
            removed += 1
            if not dry_run:
                path.unlink()
    return Collected(kept, removed, freed)

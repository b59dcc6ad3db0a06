"""The blocks of a DAG, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import decode_node
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits, Spent
from coopt_dag.store.protocol import check_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.protocol import Store


def links_of(cid: CID, block: bytes) -> tuple[CID, ...]:
    """Give what a block links to, in the order of the block; nothing for a raw one.

    >>> links_of(CID.of(b"hits", Codec.RAW), b"hits")
    ()
    """
    if cid.codec == Codec.RAW:
        return ()
    return tuple(link.cid for link in decode_node(block).links)


def walk(
    store: Store, root: CID, *, limits: Limits = DEFAULT_LIMITS
) -> Iterator[tuple[CID, bytes]]:
    """Give `root` and every block below it once, depth first, parents before children.

    Parameters
    ----------
    store : Store
        Where the blocks are; it verifies them.
    root : CID
        Any block.
    limits : Limits
        `depth`, `blocks` and `total_bytes` (here: of blocks, each counted once).

    Raises
    ------
    ContentMissingError, IntegrityError
        From the store.
    ContentRefusedError
        A block is malformed, or the DAG exceeds a limit.

    Examples
    --------
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> [block for _, block in walk(store, store.put(b"hits", Codec.RAW))]
    [b'hits']
    """
    spent, seen = Spent(limits), set[bytes]()
    waiting = [(root, 1)]
    while waiting:
        cid, depth = waiting.pop()
        key = _key(cid)
        if key in seen:
            continue
        seen.add(key)
        if depth > limits.depth:
            raise ContentRefusedError(
                f"the content exceeds the limit of {limits.depth} levels.",
                hint="if you trust its author, raise depth in the limits.",
            )
        spent.count(blocks=1)
        block = store.get(cid)
        check_size(block)
        spent.count(total_bytes=len(block))
        below = [(link, depth + 1) for link in links_of(cid, block) if _key(link) not in seen]
        waiting.extend(reversed(below))
        yield cid, block


def _key(cid: CID) -> bytes:
    """Tell blocks apart by hash and codec: one hash read as raw has no links, as dag-pb it may."""
    return bytes((cid.codec,)) + cid.digest

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

_PACKED_BYTES = 34  # version, codec, digest


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
    levels: list[Iterator[CID]] = [iter((root,))]
    while levels:
        cid = next(levels[-1], None)
        if cid is None:
            levels.pop()
            continue
        if _key(cid) in seen:
            continue
        seen.add(_key(cid))
        block = _get(store, cid, len(levels), spent)
        below = _pack(links_of(cid, block))
        yield cid, block
        if below:
            levels.append(_unpack(below))


def _get(store: Store, cid: CID, depth: int, spent: Spent) -> bytes:
    if depth > spent.limits.depth:
        raise ContentRefusedError(
            f"the content exceeds the limit of {spent.limits.depth} levels.",
            hint="if you trust its author, raise depth in the limits.",
        )
    spent.count(blocks=1)
    block = store.get(cid)
    check_size(block)
    spent.count(total_bytes=len(block))
    return block


def _pack(links: tuple[CID, ...]) -> bytes:
    """Keep links as bytes: as objects, 128 levels of full blocks would cost more than 1 GiB."""
    return b"".join(bytes((link.version,)) + _key(link) for link in links)


def _unpack(packed: bytes) -> Iterator[CID]:
    for at in range(0, len(packed), _PACKED_BYTES):
        digest = packed[at + 2 : at + _PACKED_BYTES]
        yield CID(packed[at], Codec(packed[at + 1]), digest)


def _key(cid: CID) -> bytes:
    """Tell blocks apart by hash and codec: one hash read as raw has no links, as dag-pb it may."""
    return bytes((cid.codec,)) + cid.digest

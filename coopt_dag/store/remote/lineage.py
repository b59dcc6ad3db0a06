"""What may come when DAGs are asked for: the blocks that their roots lead to, all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits, Spent
from coopt_dag.store.protocol import check_hash, check_size, missing
from coopt_dag.store.walk import links_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coopt_dag.store.cid import CID


def below(
    roots: Sequence[CID],
    blocks: Iterable[tuple[CID, bytes]],
    *,
    place: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[tuple[CID, bytes]]:
    """Pass on each block at or below the roots once, under the CID by which it was asked for.

    Parents must come before their children, as in every CAR that a node sends.

    Raises
    ------
    IntegrityError
        A block is not what its CID names.
    ContentRefusedError
        A block comes that nothing leads to, or the limits are exceeded.
    ContentMissingError
        The stream ended before all had come.

    Examples
    --------
    >>> from coopt_dag.store.cid import CID, Codec
    >>> cid = CID.of(b"hits", Codec.RAW)
    >>> [block for _, block in below([cid], [(cid, b"hits")], place="here")]
    [b'hits']
    """
    spent = Spent(limits)
    awaited = {root.digest: (root, 1) for root in roots}
    seen: set[bytes] = set()
    for sent, block in blocks:
        spent.count(blocks=1, total_bytes=len(block))
        if sent.digest in seen:
            if not awaited:
                return  # whole; whatever else is sent can only repeat
            continue
        if sent.digest not in awaited:
            raise _unasked(sent, place)
        cid, depth = awaited.pop(sent.digest)
        check_size(block)
        check_hash(cid, block, place=place)
        seen.add(cid.digest)
        for link in links_of(cid, block):
            if link.digest not in seen:
                awaited.setdefault(link.digest, (link, _deeper(depth, limits, place)))
        yield cid, block
    for cid, _ in awaited.values():
        raise missing(cid, place=place)


def _deeper(depth: int, limits: Limits, place: str) -> int:
    if depth >= limits.depth:
        raise ContentRefusedError(
            f"the content exceeds the limit of {limits.depth} levels.",
            hint="if you trust its author, raise depth in the limits.",
            path=place,
        )
    return depth + 1


def _unasked(cid: CID, place: str) -> ContentRefusedError:
    return ContentRefusedError(
        f"{cid} was sent, which was not asked for.",
        hint="nothing of it was kept; the server is faulty or hostile: use another.",
        path=place,
    )

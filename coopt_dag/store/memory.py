"""A store that lives as long as the process: for tests and dry runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.collect import check_whole
from coopt_dag.store.heads import check_name
from coopt_dag.store.pins import as_v1
from coopt_dag.store.protocol import check_hash, check_size, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.protocol import Put

_PLACE = "memory"


class MemoryStore:
    """Blocks in a dictionary, verified like everybody's.

    Examples
    --------
    >>> store = MemoryStore()
    >>> store.get(store.put(b"hits", Codec.RAW))
    b'hits'
    """

    def __init__(self) -> None:
        self._blocks: dict[bytes, bytes] = {}
        self._pins: set[CID] = set()
        self._heads: dict[str, frozenset[CID]] = {}

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block and name it."""
        return _put_into(self._blocks, block, codec)

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified."""
        block = self._blocks.get(cid.digest)
        if block is None:
            raise missing(cid, place=_PLACE)
        check_hash(cid, block, place=_PLACE)
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the block is there."""
        return cid.digest in self._blocks

    @contextmanager
    def batch(self) -> Iterator[Put]:
        """Keep many blocks as one."""
        staged: dict[bytes, bytes] = {}
        yield lambda block, codec: _put_into(staged, block, codec)
        self._blocks.update(staged)

    def close(self) -> None:
        """Nothing to let go of."""

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Nothing is ever collected here."""
        yield

    def pin(self, cid: CID) -> None:
        """Keep a DAG, which must be whole."""
        check_whole(self, cid)
        self._pins.add(as_v1(cid))

    def unpin(self, cid: CID) -> None:
        """Take a pin away."""
        self._pins.discard(as_v1(cid))

    def pins(self) -> frozenset[CID]:
        """Give the roots that are pinned."""
        return frozenset(self._pins)

    def heads(self, name: str) -> frozenset[CID]:
        """Give the head of a name, if it has one."""
        return self._heads.get(check_name(name), frozenset())

    def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
        """Move a name on, if its head is still `old`."""
        if self.heads(name) != old:
            return False
        self._heads[name] = frozenset() if new is None else frozenset((new,))
        return True


def _put_into(blocks: dict[bytes, bytes], block: bytes, codec: Codec) -> CID:
    check_size(block)
    cid = CID.of(block, codec)
    blocks[cid.digest] = bytes(block)
    return cid

"""A store that lives as long as the process: for tests and dry runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from coopt_dag.store.cid import CID, Codec
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


def _put_into(blocks: dict[bytes, bytes], block: bytes, codec: Codec) -> CID:
    check_size(block)
    cid = CID.of(block, codec)
    blocks[cid.digest] = bytes(block)
    return cid

"""What was read, as a proof of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.protocol import Put, Store


class Recorder:
    """A store that remembers what was read through it, in order: what a proof consists of.

    Examples
    --------
    >>> from coopt_dag.store.cid import Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> recorder = Recorder(MemoryStore())
    >>> _ = recorder.get(recorder.put(b"hits", Codec.RAW))
    >>> [block for _, block in recorder.drain()], recorder.drain()
    ([b'hits'], [])
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: list[tuple[CID, bytes]] = []

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block."""
        return self._store.put(block, codec)

    def get(self, cid: CID) -> bytes:
        """Give the bytes, and remember them."""
        block = self._store.get(cid)
        self._read.append((cid, block))
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the block is there."""
        return self._store.has(cid)

    def batch(self) -> AbstractContextManager[Put]:
        """Keep many blocks as one."""
        return self._store.batch()

    def drain(self) -> list[tuple[CID, bytes]]:
        """Give what was read since the last time."""
        read, self._read = self._read, []
        return read

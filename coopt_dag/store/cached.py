"""A distant store whose folders are read once, and many at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coopt_dag.store.cid import CID, Codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from coopt_dag.store.protocol import Node, Put

_AT_ONCE = 16
_MOST_BYTES = 256 << 20


class CachedStore:
    """Keeps dag-pb blocks (folders, and the lists of parts of files) in memory; leaves pass by.

    Parameters
    ----------
    home : Node
        Where a round trip costs more than a look into a dictionary.

    Examples
    --------
    >>> from coopt_dag.store.remote.kubo import KuboStore
    >>> cached = CachedStore(KuboStore("http://127.0.0.1:9"))
    >>> cached.get(CID.of(b"hits", Codec.RAW))
    Traceback (most recent call last):
    coopt_dag.errors.NodeUnavailableError: http://127.0.0.1:9: cannot be reached: ...
    """

    def __init__(self, home: Node) -> None:
        self.home = home
        self._blocks: dict[bytes, bytes] = {}
        self._size_bytes = 0
        self._lock = threading.Lock()

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block there, and here."""
        cid = self.home.put(block, codec)
        self._keep(cid, block)
        return cid

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified when they came."""
        block = self._blocks.get(cid.digest)
        if block is None:
            block = self.home.get(cid)
            self._keep(cid, block)
        return block

    def has(self, cid: CID) -> bool:
        """Ask the store itself."""
        return self.home.has(cid)

    @contextmanager
    def batch(self) -> Iterator[Put]:
        """Keep many blocks as one; what fails there is not kept here."""
        new: list[tuple[CID, bytes]] = []
        with self.home.batch() as put:

            def both(block: bytes, codec: Codec) -> CID:
                cid = put(block, codec)
                if codec == Codec.DAG_PB:
                    new.append((cid, block))
                return cid

            yield both
        for cid, block in new:
            self._keep(cid, block)

    def holding(self) -> AbstractContextManager[None]:
        """Let nothing be collected there meanwhile."""
        return self.home.holding()

    def pin(self, cid: CID) -> None:
        """Keep a DAG there."""
        self.home.pin(cid)

    def unpin(self, cid: CID) -> None:
        """Let a DAG go there."""
        self.home.unpin(cid)

    def pins(self) -> frozenset[CID]:
        """Give the roots that are pinned there."""
        return self.home.pins()

    def heads(self, name: str) -> frozenset[CID]:
        """Ask the store itself."""
        return self.home.heads(name)

    def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
        """Move the name on in the store itself."""
        return self.home.move(name, old, new)

    def export(self, roots: Sequence[CID]) -> Iterator[tuple[CID, bytes]]:
        """Give all blocks below the roots in one stream."""
        return self.home.export(roots)

    def close(self) -> None:
        """Let go what was held there until it has a name."""
        self.home.close()

    def prefetch(self, cids: Iterable[CID]) -> None:
        """Read several folders at once; what fails will fail again when it is asked for."""
        wanted = {c for c in cids if c.codec == Codec.DAG_PB and c.digest not in self._blocks}
        if wanted:
            with ThreadPoolExecutor(min(_AT_ONCE, len(wanted))) as pool:
                list(pool.map(self.get, wanted))

    def _keep(self, cid: CID, block: bytes) -> None:
        if cid.codec != Codec.DAG_PB:
            return
        with self._lock:
            if cid.digest in self._blocks:
                return
            if self._size_bytes + len(block) > _MOST_BYTES:
                self._blocks.clear()
                self._size_bytes = 0
            self._blocks[cid.digest] = block
            self._size_bytes += len(block)

"""How far long work with bytes is, told on stderr every few seconds."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.local import LocalStore
    from coopt_dag.store.protocol import Put

_PAUSE_S = 2.0


def size_text(size_bytes: int) -> str:
    """Write a size for people.

    >>> size_text(999), size_text(1_234_567)
    ('999 B', '1.2 MB')
    """
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


class Meter:
    """Counts blocks and bytes; silent when the work is short.

    Parameters
    ----------
    verb : str
        What is being done, e.g. "added".
    """

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._blocks = self._bytes = 0
        self._next = time.monotonic() + _PAUSE_S

    def count(self, size_bytes: int) -> None:
        """Add a block."""
        self._blocks += 1
        self._bytes += size_bytes
        if time.monotonic() >= self._next:
            sys.stderr.write(f"  {self._verb} {self._blocks} blocks, {size_text(self._bytes)}\n")
            self._next = time.monotonic() + _PAUSE_S

    def putting(self, put: Put) -> Put:
        """Count what goes into a store."""

        def counted(block: bytes, codec: Codec) -> CID:
            cid = put(block, codec)
            self.count(len(block))
            return cid

        return counted

    def passing(self, blocks: Iterable[tuple[CID, bytes]]) -> Iterator[tuple[CID, bytes]]:
        """Count what passes by."""
        for cid, block in blocks:
            self.count(len(block))
            yield cid, block


class MeteredStore:
    """A store of which every block that is read, or put in a batch, is counted."""

    def __init__(self, store: LocalStore, meter: Meter) -> None:
        self._store = store
        self._meter = meter

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block."""
        return self._meter.putting(self._store.put)(block, codec)

    def get(self, cid: CID) -> bytes:
        """Give the bytes, and count them."""
        block = self._store.get(cid)
        self._meter.count(len(block))
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the block is there."""
        return self._store.has(cid)

    @contextmanager
    def batch(self) -> Iterator[Put]:
        """Keep many blocks as one."""
        with self._store.batch() as put:
            yield self._meter.putting(put)

    def holding(self) -> AbstractContextManager[None]:
        """Let nothing be collected meanwhile."""
        return self._store.holding()

    def pin(self, cid: CID) -> None:
        """Keep a DAG."""
        self._store.pin(cid)

    def unpin(self, cid: CID) -> None:
        """Let a DAG go."""
        self._store.unpin(cid)

    def pins(self) -> frozenset[CID]:
        """Give the roots that are pinned."""
        return self._store.pins()

"""Folders that were opened a moment ago, for the many paths that lead through them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.store.reader import Opened, Reader
from coopt_dag.store.serving.recorder import Recorder

if TYPE_CHECKING:
    from coopt_dag.store.cid import CID
    from coopt_dag.store.protocol import Store

_MOST_BYTES = 8 << 20  # of blocks; opened they take about five times as much


class Shelf:
    """Opens blocks, and keeps the folders among them; what a CID names never changes.

    Parameters
    ----------
    store : Store
        Where blocks come from, verified.
    most_bytes : int
        The folders used longest ago go when their blocks exceed this.

    Examples
    --------
    >>> from coopt_dag.store.cid import Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> opened, block = Shelf(store).open(store.put(b"hits", Codec.RAW))
    >>> opened.is_folder, block
    (False, b'hits')
    """

    def __init__(self, store: Store, *, most_bytes: int = _MOST_BYTES) -> None:
        self._store = store
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[CID, tuple[Opened, bytes]] = OrderedDict()
        self._bytes = 0

    def open(self, cid: CID, *, trail: tuple[CID, ...] = ()) -> tuple[Opened, bytes]:
        """Give what `Reader.open` gives, and the block itself."""
        with self._lock:
            found = self._kept.get(cid)
            if found is not None:
                self._kept.move_to_end(cid)
        if found is None:
            recorder = Recorder(self._store)
            opened = Reader(recorder).open(cid)
            found = opened, recorder.drain()[0][1]
            if opened.is_folder:
                self._keep(cid, found)
        opened, block = found
        return replace(opened, trail=(*trail, cid)), block

    def _keep(self, cid: CID, found: tuple[Opened, bytes]) -> None:
        with self._lock:
            if cid not in self._kept:
                self._kept[cid] = found
                self._bytes += len(found[1])
            while self._bytes > self._most_bytes:
                _, (_, block) = self._kept.popitem(last=False)
                self._bytes -= len(block)

"""What is added with a pin is kept: no collection takes it, not even one that comes in between."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import UsageError
from coopt_dag.store.cid import CID
from coopt_dag.store.folders import add_bytes, add_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from coopt_dag.store.cid import Codec
    from coopt_dag.store.protocol import Put


def test_only_what_is_pinned_survives_a_collection(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "blocks")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"hits")
    kept = [add_path(store, tmp_path / "folder", pin=True), add_bytes(store, b"kept", pin=True)]
    loose = add_bytes(store, b"loose")
    store.collect()
    assert [store.has(CID.parse(cid)) for cid in (*kept, loose)] == [True, True, False]
    assert store.pins() == {CID.parse(cid) for cid in kept}


def test_adding_without_a_pin_sets_none() -> None:
    store = MemoryStore()
    add_bytes(store, b"loose")
    assert store.pins() == frozenset()


def test_collecting_beside_many_pinned_additions_loses_none(tmp_path: Path) -> None:
    store, done = LocalStore(tmp_path / "blocks", durable=False), threading.Event()

    def collect() -> None:
        other = LocalStore(tmp_path / "blocks", durable=False)  # its own locks, like a process
        while not done.is_set():
            other.collect()

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        added = [add_bytes(store, b"%d" % n, pin=True) for n in range(60)]
    finally:
        done.set()
        collector.join()
    store.collect()
    assert [cid for cid in added if not store.has(CID.parse(cid))] == []


class Plain:
    """A store that keeps no pins, as a gateway does not."""

    def __init__(self) -> None:
        self._store = MemoryStore()

    def put(self, block: bytes, codec: Codec) -> CID:
        return self._store.put(block, codec)

    def get(self, cid: CID) -> bytes:
        return self._store.get(cid)

    def has(self, cid: CID) -> bool:
        return self._store.has(cid)

    def batch(self) -> AbstractContextManager[Put]:
        return self._store.batch()


def test_a_store_without_pins_says_so_before_it_takes_anything() -> None:
    store = Plain()
    with pytest.raises(UsageError, match="keeps no pins"):
        add_bytes(store, b"hits", pin=True)
    assert add_bytes(store, b"hits")

"""Collection: what is reached stays, whoever is writing, and however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import BusyError, ContentMissingError, IntegrityError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.collect import Collected
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.folders import add_path, cid_of, fetch_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.unixfs import Kind, Message, encode_message

REPOSITORY = Path(__file__).parents[2]
NONE: frozenset[CID] = frozenset()


def folder(store: LocalStore, **entries: CID) -> CID:
    links = [Link(cid, name.encode(), 1) for name, cid in sorted(entries.items())]
    return store.put(encode_node(links, encode_message(Message(Kind.FOLDER))), Codec.DAG_PB)


def test_what_nothing_reaches_goes_and_the_rest_stays(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    a, b, loose = (store.put(x, Codec.RAW) for x in (b"a", b"b", b"loose"))
    pinned, named = folder(store, x=a), folder(store, y=b)
    store.pin(pinned)
    store.move("artifacts", NONE, named)
    found = store.collect()
    assert (found.kept, found.removed, found.freed_bytes) == (4, 1, len(b"loose"))
    assert all(store.has(cid) for cid in (a, b, pinned, named))
    assert not store.has(loose)


def test_a_dry_run_tells_the_same_and_removes_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    cid = store.put(b"loose", Codec.RAW)
    assert store.collect(dry_run=True).removed == 1
    assert store.has(cid)
    assert store.collect() == Collected(0, 1, 5)


def test_what_was_unpinned_goes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    cid = store.put(b"hits", Codec.RAW)
    store.pin(cid)
    store.unpin(cid)
    store.collect()
    assert not store.has(cid)


def test_a_block_pinned_as_bytes_and_as_a_folder_keeps_what_the_folder_holds(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path)
    inside = store.put(b"inside", Codec.RAW)
    outer = folder(store, x=inside)
    store.pin(CID(1, Codec.RAW, outer.digest))  # seen first as bytes, which link to nothing
    store.pin(outer)
    store.collect()
    assert store.has(inside)


@given(kept=st.sets(st.integers(0, 15)), other=st.sets(st.integers(0, 15)))
def test_two_pinned_folders_share_files_and_either_may_go(
    tmp_path_factory: pytest.TempPathFactory, kept: set[int], other: set[int]
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"), durable=False)
    files = {n: store.put(bytes([n]), Codec.RAW) for n in range(16)}
    one = folder(store, **{f"f{n}": files[n] for n in kept})
    two = folder(store, **{f"f{n}": files[n] for n in other})
    store.pin(one)
    store.pin(two)
    if one != two:
        store.unpin(two)
    store.collect()
    assert {n for n, cid in files.items() if store.has(cid)} == kept


def test_nothing_is_collected_while_something_to_keep_is_not_whole(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    inside = store.put(b"inside", Codec.RAW)
    outer = folder(store, x=inside)
    store.pin(outer)
    loose = store.put(b"loose", Codec.RAW)
    store.path_of(inside).unlink()
    with pytest.raises(ContentMissingError, match=f"nothing was collected, for {outer}") as caught:
        store.collect()
    assert "unpin" in caught.value.hint
    store.path_of(outer).write_bytes(b"damaged")
    with pytest.raises(IntegrityError, match="nothing was collected"):
        store.collect()
    assert store.has(loose)


def test_a_foreign_file_among_the_blocks_is_named_and_left(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    path = store.path_of(store.put(b"hits", Codec.RAW)).with_name("!!.data")
    path.write_text("not ours")
    with pytest.raises(IntegrityError, match="is no block"):
        store.collect()
    assert path.exists()


def test_a_collector_waits_for_writers_and_says_when_it_waited_too_long(tmp_path: Path) -> None:
    store, other = LocalStore(tmp_path), LocalStore(tmp_path)
    with store.holding():
        with pytest.raises(BusyError) as caught:
            other.collect(wait_s=0.05)
        assert caught.value.hint
        cid = store.put(b"hits", Codec.RAW)
    other.collect(wait_s=0.05)
    assert not store.has(cid)


def test_a_waiting_collector_is_not_overtaken_by_new_writers(tmp_path: Path) -> None:
    first = LocalStore(tmp_path)
    loose = first.put(b"loose", Codec.RAW)
    found: list[bool] = []

    def write() -> None:
        with LocalStore(tmp_path).holding():
            found.append(first.has(loose))

    collector = threading.Thread(target=lambda: LocalStore(tmp_path).collect(wait_s=30))
    writer = threading.Thread(target=write)
    with first.holding():
        collector.start()
        time.sleep(0.2)  # it has the turn now, and waits for us
        writer.start()
        time.sleep(0.2)
        assert found == []
    collector.join()
    writer.join()
    assert found == [False]  # the collector was in and out before it


def test_a_thread_inside_may_enter_another_store_on_the_folder_while_a_collector_waits(
    tmp_path: Path,
) -> None:
    collector = threading.Thread(target=lambda: LocalStore(tmp_path).collect(wait_s=30))
    with LocalStore(tmp_path).holding():
        collector.start()
        time.sleep(0.2)
        before = time.monotonic()
        with LocalStore(tmp_path / "." / "sub" / "..").holding():
            pass
        assert time.monotonic() - before < 5
    collector.join(timeout=30)
    assert not collector.is_alive()


ADD_AND_PIN = """
import sys
from pathlib import Path
from coopt_dag.store.folders import add_path
from coopt_dag.store.local import LocalStore
store = LocalStore(Path(sys.argv[1]), durable=False)
for n in range(int(sys.argv[3])):
    place = Path(sys.argv[2], f"{sys.argv[4]}-{n}")
    place.mkdir()
    for part in range(3):
        (place / str(part)).write_text(f"{n % 3} {part}")   # much is shared with others
    (place / "own").write_text(f"{sys.argv[4]} {n}")
    print(add_path(store, place, pin=True), flush=True)
"""
COLLECT = """
import sys
from pathlib import Path
from coopt_dag.store.local import LocalStore
store = LocalStore(Path(sys.argv[1]), durable=False)
print("ready", flush=True)
while True:
    store.collect(wait_s=60)
"""


def start(script: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.kill
def test_what_writers_pin_survives_collectors_that_never_stop(tmp_path: Path) -> None:
    root, work = tmp_path / "store", tmp_path / "work"
    work.mkdir()
    collector = start(COLLECT, root)
    assert collector.stdout is not None
    assert collector.stdout.readline() == "ready\n"
    writers = [start(ADD_AND_PIN, root, work, 25, name) for name in "ab"]
    cids = [line for w in writers for line in w.communicate(timeout=120)[0].split()]
    os.kill(collector.pid, signal.SIGKILL)
    collector.communicate()
    assert [w.returncode for w in writers] == [0, 0]
    store = LocalStore(root)
    assert len(store.pins()) == len(set(cids)) == 50
    for n, cid in enumerate(cids):
        assert cid_of(fetch_path(store, cid, tmp_path / "out" / str(n))) == cid


@pytest.mark.kill
def test_a_collector_killed_at_any_point_leaves_what_is_pinned(tmp_path: Path) -> None:
    root = tmp_path / "store"
    store = LocalStore(root, durable=False)
    (tmp_path / "in").mkdir()
    for n in range(100):
        (tmp_path / "in" / str(n)).write_text(f"kept {n}")
    cid = add_path(store, tmp_path / "in", pin=True)
    for round_ in range(20):
        with store.batch() as put:
            for n in range(300):
                put(f"loose {n}".encode(), Codec.RAW)
        process = start(COLLECT, root)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.001 * round_)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        out = tmp_path / f"out{round_}"
        assert cid_of(fetch_path(LocalStore(root), cid, out)) == cid
    assert LocalStore(root).collect().kept == 101

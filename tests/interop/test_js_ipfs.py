"""js-ipfs as the node behind our RPC clients: the whole kit of stores, pins, roots, exports."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from coopt_dag.errors import ContentMissingError, IntegrityError, UsageError
from coopt_dag.store.car import write_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import add_path, fetch_path
from coopt_dag.store.protocol import Store
from coopt_dag.store.remote.bundle import bundle
from coopt_dag.store.remote.kubo import KuboStore
from coopt_dag.store.remote.ready_client import ClientStore
from coopt_dag.store.remote.selftest import selftest
from tests.interop.content import nested
from tests.interop.nodes import REPOSITORY, emptied, js_ipfs
from tests.store.test_conformance import *  # noqa: F403  # the kit; `store` below is what it tests

RAW = Codec.RAW
# ipfshttpclient, unmaintained, gives urllib3 an option of Python 2; its users see this warning.
pytestmark = pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with js_ipfs(tmp_path_factory.mktemp("js-ipfs")) as api:
        yield api


@pytest.fixture
def api(node: str) -> str:
    emptied(node)
    return node


@pytest.fixture
def kubo(api: str) -> Iterator[KuboStore]:
    with KuboStore(api, timeout_s=10, search_s=0.2) as store:
        yield store


@pytest.fixture
def client(api: str) -> Iterator[ClientStore]:
    import ipfshttpclient

    address = f"/ip4/127.0.0.1/tcp/{httpx.URL(api).port}/http"
    with ipfshttpclient.Client(address) as ready:  # connect() would refuse any node of today
        yield ClientStore(ready, search_s=0.2)


@pytest.fixture(params=["kubo", "client"])
def store(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    return found


def collect(api: str) -> None:
    httpx.post(f"{api}/api/v0/repo/gc", timeout=30).raise_for_status()


def test_pins_are_set_listed_and_taken_away(store: KuboStore | ClientStore) -> None:
    cid = store.put(b"hits", RAW)
    store.pin(cid)
    store.pin(cid)
    assert cid in store.pins()
    store.unpin(cid)
    store.unpin(cid)
    assert cid not in store.pins()


def test_what_is_not_there_cannot_be_pinned(store: KuboStore | ClientStore) -> None:
    with pytest.raises(ContentMissingError):
        store.pin(CID.of(b"never put", RAW))


def test_a_pinned_folder_survives_collection_and_an_unpinned_one_does_not(
    kubo: KuboStore, tmp_path: Path
) -> None:
    root = CID.parse(add_path(kubo, nested(tmp_path / "in")))
    kubo.pin(root)
    collect(kubo.place)
    fetch_path(kubo, str(root), tmp_path / "out")
    kubo.unpin(root)
    collect(kubo.place)
    assert not kubo.has(root)


def test_a_batch_is_held_until_it_is_kept_otherwise_or_given_up(api: str) -> None:
    with KuboStore(api, search_s=0.2) as store:
        with store.batch() as put:
            cids = [put(bytes([n]), RAW) for n in range(3)]
        collect(api)
        assert all(map(store.has, cids))  # nobody pinned them, yet they are safe
        assert not store.pins() & set(cids)
        for cid in cids:
            store.move("kept", frozenset(), cid)
        assert store._held.pins() == frozenset()
        collect(api)
        assert all(map(store.has, cids))  # now the named roots keep them
        abandoned = store.put(b"abandoned", RAW)
    collect(api)
    with KuboStore(api, search_s=0.2) as store:
        assert not store.has(abandoned)


def test_a_later_batch_that_links_an_earlier_one_holds_it(api: str) -> None:
    with KuboStore(api, search_s=0.2) as store:
        with store.batch() as put:
            files = [put(bytes([n]), RAW) for n in range(3)]
        [(folder, block)] = bundle(files)
        with store.batch() as put:
            put(block, Codec.DAG_PB)
        assert len(store._held.pins()) == 1
        collect(api)
        assert all(map(store.has, [folder, *files]))
        store.move("x", frozenset(), folder)
        assert store._held.pins() == frozenset()
        collect(api)
        assert all(map(store.has, [folder, *files]))


def test_what_is_added_can_be_pinned_in_the_same_breath(kubo: KuboStore, tmp_path: Path) -> None:
    root = CID.parse(add_path(kubo, nested(tmp_path / "in"), pin=True))
    assert root in kubo.pins()


def test_a_pin_of_the_user_outlives_our_holding_of_the_same_content(api: str) -> None:
    with KuboStore(api, search_s=0.2) as store:
        cid = store.put(b"hits", RAW)
        store.pin(cid)
    with KuboStore(api, search_s=0.2) as again:
        again.put(b"hits", RAW)
    with KuboStore(api, search_s=0.2) as last:
        assert cid in last.pins()


def test_a_name_without_heads_has_none(kubo: KuboStore) -> None:
    assert kubo.heads("artifacts") == frozenset()


def test_two_writers_who_read_the_same_head_both_keep_theirs(api: str) -> None:
    with KuboStore(api) as one, KuboStore(api) as two:
        with one.batch() as put:
            first, a, b, merged = (put(block, RAW) for block in (b"0", b"a", b"b", b"ab"))
        assert one.move("x", frozenset(), first)
        assert one.move("x", frozenset({first}), a)
        assert two.move("x", frozenset({first}), b)
        assert one.heads("x") == two.heads("x") == {a, b}
        assert two.move("x", frozenset({a, b}), merged)
        assert one.heads("x") == {merged}
        assert one.move("x", frozenset({merged}), None)
        assert two.heads("x") == frozenset()


def test_moving_again_after_a_break_is_the_same_as_once(kubo: KuboStore) -> None:
    old, new = kubo.put(b"old", RAW), kubo.put(b"new", RAW)
    kubo.move("x", frozenset(), old)
    kubo.move("x", frozenset(), new)  # killed before `old` was taken away: both are there
    assert kubo.heads("x") == {old, new}
    assert kubo.move("x", frozenset({old, new}), new)
    assert kubo.heads("x") == {new}


MOVE = """
import sys
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.remote.kubo import KuboStore
with KuboStore(sys.argv[1]) as store:
    for n in range(3):
        block = f"{sys.argv[2]} {n}".encode()
        cid = store.put(block, Codec.RAW)
        store.move("race", frozenset(), cid)
        print(cid, flush=True)
"""


def test_eight_processes_at_once_lose_no_head(kubo: KuboStore) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MOVE, kubo.place, str(n)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(8)
    ]
    written = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert kubo.heads("race") == {CID.parse(cid) for cids in written for cid in cids}
    assert sum(map(len, written)) == 24


def test_a_head_under_another_name_is_found_and_both_are_named(kubo: KuboStore) -> None:
    cid, other = kubo.put(b"hits", RAW), kubo.put(b"lies", RAW)
    kubo.move("x", frozenset(), cid)
    kubo.rpc.call("files/cp", f"/ipfs/{other}", f"/coopt/roots/x/{CID.of(b'else', RAW)}")
    with pytest.raises(IntegrityError, match=r"holds"):
        kubo.heads("x")


def test_a_name_that_would_leave_the_folder_is_refused(kubo: KuboStore) -> None:
    with pytest.raises(UsageError):
        kubo.move("../x", frozenset(), kubo.put(b"hits", RAW))


def test_many_dags_come_in_one_answer_each_block_once(kubo: KuboStore) -> None:
    blocks = [hashlib.sha256(bytes([n % 250, n // 250])).digest() for n in range(1200)]
    with kubo.batch() as put:
        leaves = [put(block, RAW) for block in blocks]
        [(folder, block)] = bundle(leaves[:3])
        put(block, Codec.DAG_PB)
    got = list(kubo.export([*leaves[2:], folder]))
    assert len(got) == 1201
    assert dict(got) == {**dict(zip(leaves, blocks, strict=True)), folder: block}
    assert list(kubo.export(leaves[:1])) == [(leaves[0], blocks[0])]
    assert list(kubo.export([])) == []


def test_js_ipfs_reads_a_file_that_we_put_there(kubo: KuboStore, tmp_path: Path) -> None:
    content = hashlib.sha512(b"seed").digest() * 40_000  # three leaves
    (tmp_path / "file").write_bytes(content)
    cid = add_path(kubo, tmp_path / "file")
    read = httpx.post(f"{kubo.place}/api/v0/cat", params={"arg": cid}, timeout=30)
    assert read.content == content


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder by its path; None for a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_a_folder_goes_there_and_comes_back(kubo: KuboStore, tmp_path: Path) -> None:
    source = nested(tmp_path / "in")
    fetch_path(kubo, add_path(kubo, source), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(source)


def test_many_threads_share_one_client(kubo: KuboStore) -> None:
    def work(n: int) -> bool:
        with kubo.batch() as put:
            cids = [put(f"{n} {m}".encode(), RAW) for m in range(20)]
        return all(kubo.get(cid) for cid in cids)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_the_selftest_passes_and_leaves_nothing_behind(api: str) -> None:
    with KuboStore(api) as store:
        before = store.pins()
        rows = selftest(api)
        assert [row for row in rows if not row.ok] == []
        assert len(rows) == 9
        assert store.pins() == before
        listed = store.rpc.call("files/ls", "/coopt/roots", options={"long": "true"})
        assert not listed[0]["Entries"]


def test_a_car_of_js_ipfs_is_what_we_would_write(kubo: KuboStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 9000)
    root = CID.parse(add_path(kubo, tmp_path / "file"))
    theirs = httpx.post(
        f"{kubo.place}/api/v0/dag/export", params={"arg": str(root)}, timeout=30
    ).content
    ours = io.BytesIO()
    write_car(ours, [root], kubo.export([root]))
    assert ours.getvalue() == theirs

"""Reading from gateways: an honest one is read, any other one is refused byte by byte."""

from __future__ import annotations

import contextlib
import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coopt_dag.errors import (
    ContentMissingError,
    ContentRefusedError,
    IntegrityError,
    NodeUnavailableError,
    UsageError,
)
from coopt_dag.store.car import write_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import add_path, cid_of, fetch_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.remote.bundle import bundle
from coopt_dag.store.remote.gateway import GatewayStore
from coopt_dag.store.remote.layered import LayeredStore
from tests.interop.content import crowded
from tests.interop.nodes import our_gateway
from tests.store.servers import Answer, Request, free_port, serving

RAW = Codec.RAW
HITS, LIE = b"hits", b"lies"
CID_HITS, CID_LIE = CID.of(HITS, RAW), CID.of(LIE, RAW)
BLOCKS = {CID_HITS: HITS, CID.of(b"more", RAW): b"more"}
[(FOLDER, FOLDER_BLOCK)] = bundle(list(BLOCKS))
BLOCKS = {FOLDER: FOLDER_BLOCK, **BLOCKS}
OVER = threading.Event()


def car(blocks: dict[CID, bytes], *, root: CID = FOLDER) -> bytes:
    stream = io.BytesIO()
    write_car(stream, [root], iter(blocks.items()))
    return stream.getvalue()


def honest(request: Request) -> None:
    """What the specification of trustless gateways asks for, in small."""
    cid = CID.parse(request.path.split("?")[0].removeprefix("/ipfs/"))
    if cid not in BLOCKS:
        request.say(b"no such block", kind="text/plain", status=404)
    elif request.query["format"] == ["raw"]:
        request.say(BLOCKS[cid], kind="application/vnd.ipld.raw")
    else:
        assert request.query["dag-scope"] == ["all"]
        request.say(car(BLOCKS, root=cid), kind="application/vnd.ipld.car; version=1")


def says(content: bytes, **how: object) -> Answer:
    return lambda request: request.say(content, **how)  # type: ignore[arg-type]


def hang(_: Request) -> None:
    OVER.wait(20)


def drip(request: Request) -> None:
    def pieces() -> Iterator[bytes]:
        while not OVER.wait(0.02):
            yield b" "

    request.trickle(pieces())


def moved(to: str) -> Answer:
    def answer(request: Request) -> None:
        request.send_response(301)
        request.send_header("Location", to + request.path)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


@pytest.fixture
def gateway() -> Iterator[Callable[[Answer], GatewayStore]]:
    with contextlib.ExitStack() as stack:
        OVER.clear()

        def make(answer: Answer) -> GatewayStore:
            url = stack.enter_context(serving(answer))
            stack.callback(OVER.set)
            return stack.enter_context(GatewayStore(url, timeout_s=0.4))

        yield make


def test_what_is_there_is_got_verified(gateway: Callable[[Answer], GatewayStore]) -> None:
    store = gateway(honest)
    assert [store.get(cid) for cid in BLOCKS] == list(BLOCKS.values())
    assert all(map(store.has, BLOCKS))


def test_what_is_not_there_is_missing(gateway: Callable[[Answer], GatewayStore]) -> None:
    store = gateway(honest)
    assert not store.has(CID_LIE)
    with pytest.raises(ContentMissingError, match=str(CID_LIE)):
        store.get(CID_LIE)


def test_nothing_can_be_written(gateway: Callable[[Answer], GatewayStore]) -> None:
    store = gateway(honest)
    for write in (lambda: store.put(HITS, RAW), store.batch):
        with pytest.raises(UsageError, match="reading only") as caught:
            write()
        assert caught.value.hint


def test_whole_dags_come_each_block_once(gateway: Callable[[Answer], GatewayStore]) -> None:
    got = list(gateway(honest).export([FOLDER, CID_HITS, FOLDER]))
    assert sorted(got) == sorted(BLOCKS.items())


def test_a_gateway_may_move_a_few_times_but_not_for_ever(
    gateway: Callable[[Answer], GatewayStore],
) -> None:
    with serving(honest) as target:
        assert gateway(moved(target)).get(CID_HITS) == HITS
    with pytest.raises(NodeUnavailableError, match="redirects beyond reason"):
        gateway(moved("")).get(CID_HITS)


def test_a_gateway_that_is_away_is_named() -> None:
    with (
        GatewayStore(f"http://127.0.0.1:{free_port()}") as store,
        pytest.raises(NodeUnavailableError, match="cannot be reached") as caught,
    ):
        store.get(CID_HITS)
    assert "another gateway" in caught.value.hint


@pytest.mark.parametrize("answer", [hang, drip])
def test_silence_and_dripping_end_in_time(
    gateway: Callable[[Answer], GatewayStore], answer: Answer
) -> None:
    begun = time.monotonic()
    with pytest.raises(NodeUnavailableError, match="no answer"):
        gateway(answer).get(CID_HITS)
    with pytest.raises(NodeUnavailableError, match="no answer"):
        list(gateway(answer).export([FOLDER]))
    assert time.monotonic() - begun < 5


REFUSED = {
    "other bytes": (says(LIE), IntegrityError),
    "a website": (says(b"<html>", kind="text/html"), NodeUnavailableError),
    "an outage": (says(b"", status=502), NodeUnavailableError),
    "too many requests": (says(b"", status=429), NodeUnavailableError),
    "nobody in the network has it": (says(b"", status=504), ContentMissingError),
    "no end": (lambda r: r.trickle(itertools.repeat(bytes(1 << 16))), ContentRefusedError),
}


@pytest.mark.parametrize("fault", sorted(REFUSED))
def test_a_faulty_answer_is_refused(gateway: Callable[[Answer], GatewayStore], fault: str) -> None:
    answer, error = REFUSED[fault]
    with pytest.raises(error) as caught:
        gateway(answer).get(CID_HITS)
    assert caught.value.hint


CARS = {
    "wrong hash": (car({**BLOCKS, CID_HITS: LIE}), IntegrityError),
    "unasked block": (car({FOLDER: FOLDER_BLOCK, CID_LIE: LIE}), ContentRefusedError),
    "a block is missing": (car({FOLDER: FOLDER_BLOCK, CID_HITS: HITS}), ContentMissingError),
    "cut": (car(BLOCKS)[:-2], ContentRefusedError),
    "no CAR": (b"nonsense" * 100, ContentRefusedError),
}


@pytest.mark.parametrize("fault", sorted(CARS))
def test_a_faulty_dag_is_refused_and_leaves_nothing_behind(
    gateway: Callable[[Answer], GatewayStore], fault: str, tmp_path: Path
) -> None:
    content, error = CARS[fault]
    local = LocalStore(tmp_path)
    with pytest.raises(error):
        LayeredStore(local, [gateway(says(content))]).bring([FOLDER])
    assert list((tmp_path / "blocks").rglob("*.data")) == []


def test_blocks_that_nobody_asked_for_are_not_kept(
    gateway: Callable[[Answer], GatewayStore],
) -> None:
    local = MemoryStore()
    store = LayeredStore(local, [gateway(says(car({**BLOCKS, CID_LIE: LIE})))])
    with pytest.raises(ContentRefusedError, match=str(CID_LIE)):
        store.bring([FOLDER])
    assert not local.has(CID_LIE)


def test_a_damaged_block_is_told_and_fetched_anew(
    gateway: Callable[[Answer], GatewayStore], tmp_path: Path
) -> None:
    told: list[str] = []
    local = LocalStore(tmp_path)
    store = LayeredStore(local, [gateway(honest)], tell=told.append)
    assert store.put(HITS, RAW) == CID_HITS
    local.path_of(CID_HITS).write_bytes(b"hats")
    assert store.get(CID_HITS) == HITS
    assert str(CID_HITS) in told[0]
    assert local.get(CID_HITS) == HITS


def test_a_damaged_block_that_nobody_else_has_stays_an_error(
    gateway: Callable[[Answer], GatewayStore], tmp_path: Path
) -> None:
    local = LocalStore(tmp_path)
    store = LayeredStore(local, [gateway(honest)])
    store.put(LIE, RAW)
    local.path_of(CID_LIE).write_bytes(b"hats")
    with pytest.raises(IntegrityError, match=str(CID_LIE)):
        store.get(CID_LIE)


def test_a_folder_is_fetched_through_the_layers(
    gateway: Callable[[Answer], GatewayStore], tmp_path: Path
) -> None:
    there = MemoryStore()
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "hits.csv").write_text("1,2\n")
    cid = add_path(there, source)
    answer: Answer = lambda r: r.say(  # noqa: E731
        there.get(CID.parse(r.path.split("?")[0].removeprefix("/ipfs/")))
    )
    store = LayeredStore(LocalStore(tmp_path / "store"), [gateway(answer)])
    fetch_path(store, cid, tmp_path / "out")
    assert (tmp_path / "out" / "sub" / "hits.csv").read_text() == "1,2\n"


def test_our_own_gateway_is_read_block_by_block_and_whole(tmp_path: Path) -> None:
    there = LocalStore(tmp_path / "there", durable=False)
    source = crowded(tmp_path / "crowded", count=5000)  # sharded
    root = CID.parse(add_path(there, source, pin=True))
    local = LocalStore(tmp_path / "here", durable=False)
    with (
        our_gateway(there.root, tmp_path / "log") as url,
        GatewayStore(url, timeout_s=10) as store,
    ):
        assert store.has(root)
        assert not store.has(CID_LIE)
        with pytest.raises(ContentMissingError):
            store.get(CID_LIE)
        assert store.get(root) == there.get(root)
        LayeredStore(local, [store]).bring([root])
    fetch_path(local, str(root), tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 5000
    assert cid_of(tmp_path / "out") == str(root)

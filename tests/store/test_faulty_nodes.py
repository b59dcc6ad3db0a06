"""Nodes that are away, slow, something else, or lie: refused with a next move, nothing kept."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from coopt_dag.errors import (
    ContentMissingError,
    ContentRefusedError,
    CooptError,
    IntegrityError,
    NodeUnavailableError,
    UsageError,
)
from coopt_dag.store.car import frame, header, write_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.limits import Limits
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.remote.bundle import bundle
from coopt_dag.store.remote.kubo import KuboStore
from coopt_dag.store.remote.layered import LayeredStore
from coopt_dag.store.remote.selftest import selftest
from tests.store.servers import Answer, Request, free_port, serving

RAW = Codec.RAW
HITS, LIE = b"hits", b"lies"
CID_HITS, CID_LIE = CID.of(HITS, RAW), CID.of(LIE, RAW)
[(FOLDER, FOLDER_BLOCK)] = bundle([CID_HITS, CID.of(b"more", RAW)])
OVER = threading.Event()  # ends handlers that hang


def car(*blocks: tuple[CID, bytes], root: CID = FOLDER) -> bytes:
    stream = io.BytesIO()
    write_car(stream, [root], iter(blocks))
    return stream.getvalue()


WHOLE = car((FOLDER, FOLDER_BLOCK), (CID_HITS, HITS), (CID.of(b"more", RAW), b"more"))


def hang(_: Request) -> None:
    OVER.wait(20)


def drip(request: Request) -> None:
    def pieces() -> Iterator[bytes]:
        while not OVER.wait(0.02):
            yield b" "

    request.trickle(pieces())


def endless(request: Request) -> None:
    request.trickle(itertools.repeat(bytes(1 << 16)))


def says(content: bytes, **how: object) -> Answer:
    return lambda request: request.say(content, **how)  # type: ignore[arg-type]


def refuses(message: str) -> Answer:
    return lambda request: request.refuse(message)


def breaks_off(content: bytes) -> Answer:
    def answer(request: Request) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content) + 1000))
        request.end_headers()
        request.wfile.write(content)
        request.close_connection = True

    return answer


WEBSITE = says(b"<html>Welcome</html>", kind="text/html; charset=utf-8")
ERROR_PAGE = says(b"404 page not found", kind="text/plain", status=404)


@pytest.fixture
def node() -> Iterator[Callable[[Answer], KuboStore]]:
    """Makes a store over a server that answers every command by one function."""
    with contextlib.ExitStack() as stack:
        OVER.clear()

        def make(answer: Answer) -> KuboStore:
            api = stack.enter_context(serving(answer))
            stack.callback(OVER.set)
            return stack.enter_context(KuboStore(api, timeout_s=0.4, search_s=0.1))

        yield make


def test_a_node_that_is_away_is_named_and_the_hint_says_how_to_start_it() -> None:
    api = f"http://127.0.0.1:{free_port()}"
    with KuboStore(api) as store, pytest.raises(NodeUnavailableError, match="cannot be") as caught:
        store.get(CID_HITS)
    assert caught.value.path == api
    assert "ipfs daemon" in caught.value.hint
    assert caught.value.exit_code == 17


def test_a_host_that_does_not_exist_is_an_unreachable_node() -> None:
    with (
        KuboStore("http://no-such-host.invalid:5001", timeout_s=3) as store,
        pytest.raises(NodeUnavailableError, match="cannot be reached"),
    ):
        store.has(CID_HITS)


@pytest.mark.parametrize("answer", [hang, drip])
@pytest.mark.parametrize("action", ["get", "has", "pins", "heads", "put", "export"])
def test_silence_and_dripping_end_in_time(
    node: Callable[[Answer], KuboStore], answer: Answer, action: str
) -> None:
    store = node(answer)
    store._long_s = 0.4  # imports may take ten times as long; here that would only cost time
    actions: dict[str, Callable[[], object]] = {
        "get": lambda: store.get(CID_HITS),
        "has": lambda: store.has(CID_HITS),
        "pins": store.pins,
        "heads": lambda: store.heads("artifacts"),
        "put": lambda: store.put(HITS, RAW),
        "export": lambda: list(store.export([FOLDER])),
    }
    begun = time.monotonic()
    with pytest.raises(NodeUnavailableError, match=r"no answer to .* within 0.4 s"):
        actions[action]()
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("answer", [WEBSITE, ERROR_PAGE, says(b"[1, 2]", kind="application/json")])
def test_a_website_is_not_taken_for_a_node(
    node: Callable[[Answer], KuboStore], answer: Answer
) -> None:
    with pytest.raises(NodeUnavailableError, match="not as expected") as caught:
        node(answer).pins()
    assert "5001" in caught.value.hint


ODD = [
    "",
    "{}",
    "null",
    "7",
    "[" * 100_000,
    '{"Keys": 7, "Entries": 7, "RepoSize": "x", "Key": 7}',
    '{"Entries": [7, {"Name": 7, "Hash": {}}], "Keys": {"7": 7}, "Root": {"Cid": 7}}',
    "\ufeff{}",
]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_answers_never_crash_us(node: Callable[[Answer], KuboStore], text: str) -> None:
    store = node(says(text.encode(), kind="application/json"))
    for action in (
        lambda: store.put(HITS, RAW),
        lambda: store.has(CID_HITS),
        lambda: store.get(CID_HITS),
        store.size_bytes,
        lambda: list(store.export([CID_HITS, FOLDER])),
    ):
        with pytest.raises(CooptError):
            action()
    for harmless in (store.version, store.pins, lambda: store.heads("x")):
        with contextlib.suppress(CooptError):
            assert not harmless()


@pytest.mark.parametrize("words", ["request timed out", "block was not found locally (offline)"])
def test_trouble_with_the_folder_of_heads_is_not_taken_for_an_empty_one(
    node: Callable[[Answer], KuboStore], words: str
) -> None:
    store = node(refuses(words))
    for action in (lambda: store.heads("x"), lambda: store.move("x", frozenset({CID_HITS}), None)):
        with pytest.raises(NodeUnavailableError, match=re.escape(words)):
            action()


def test_the_node_s_own_words_are_passed_on(node: Callable[[Answer], KuboStore]) -> None:
    with pytest.raises(NodeUnavailableError, match="repo is full") as caught:
        node(refuses("repo is full")).put(HITS, RAW)
    assert caught.value.answer == "repo is full"


@pytest.mark.parametrize(
    "words",
    ["block was not found locally (offline): ipld: could not find x", "context deadline exceeded"],
)
def test_what_the_node_lacks_is_missing_not_an_outage(
    node: Callable[[Answer], KuboStore], words: str
) -> None:
    store = node(refuses(words))
    assert not store.has(CID_HITS)
    with pytest.raises(ContentMissingError, match=str(CID_HITS)):
        store.get(CID_HITS)


def test_other_bytes_than_asked_for_are_refused_and_both_are_named(
    node: Callable[[Answer], KuboStore],
) -> None:
    with pytest.raises(IntegrityError, match=f"{CID_HITS} hash to {CID_LIE}"):
        node(says(LIE)).get(CID_HITS)


def test_a_block_without_end_is_cut_off(node: Callable[[Answer], KuboStore]) -> None:
    with pytest.raises(ContentRefusedError, match="longer than 2097152 bytes"):
        node(endless).get(CID_HITS)


def test_another_block_than_asked_about_is_refused(node: Callable[[Answer], KuboStore]) -> None:
    store = node(lambda request: request.say_json({"Key": str(CID_LIE), "Size": 4}))
    with pytest.raises(IntegrityError, match=f"{CID_LIE}, but it is {CID_HITS}"):
        store.has(CID_HITS)


def importing(root: Callable[[str], object], *, block: bytes | None = None) -> Answer:
    """A node that names a root of its own, and gives `block` for whatever is asked."""

    def answer(request: Request) -> None:
        sent = request.body()
        if request.command_name == "dag/import":
            at = re.search(rb"\xd8\x2a\x58\x25\x00(.{36})", sent, re.DOTALL)
            assert at
            request.say_json(root(str(CID.from_bytes(at[1]))))
        elif request.command_name == "block/get":
            request.say(LIE if block is None else block)
        else:
            request.refuse("not pinned")

    return answer


def test_another_root_than_was_sent_is_refused_and_both_are_named(
    node: Callable[[Answer], KuboStore],
) -> None:
    store = node(importing(lambda _: {"Root": {"Cid": {"/": str(CID_LIE)}}}))
    with pytest.raises(IntegrityError, match=f"root {CID_LIE}, but it is bafybei"):
        store.put(HITS, RAW)


def test_an_import_that_names_no_root_is_not_believed(
    node: Callable[[Answer], KuboStore],
) -> None:
    store = node(importing(lambda _: {"Stats": {"BlockCount": 1}}))
    with pytest.raises(IntegrityError, match="names no root"):
        store.put(HITS, RAW)


def test_the_right_root_with_other_bytes_is_not_believed(
    node: Callable[[Answer], KuboStore],
) -> None:
    store = node(importing(lambda root: {"Root": {"Cid": {"/": root}, "PinErrorMsg": ""}}))
    with pytest.raises(IntegrityError, match=f"hash to {CID.of(LIE, Codec.DAG_PB)}"):
        store.put(HITS, RAW)


EXPORTS = {
    "wrong hash": (car((FOLDER, FOLDER_BLOCK), (CID_HITS, LIE)), IntegrityError),
    "another root": (car((CID_LIE, LIE), root=CID_LIE), IntegrityError),
    "unasked block": (car((FOLDER, FOLDER_BLOCK), (CID_LIE, LIE)), ContentRefusedError),
    "a block is missing": (car((FOLDER, FOLDER_BLOCK), (CID_HITS, HITS)), ContentMissingError),
    "only the header": (car(), ContentMissingError),
    "cut in a block": (WHOLE[:-2], ContentRefusedError),
    "no CAR": (b"nonsense" * 100, ContentRefusedError),
    "nothing": (b"", ContentRefusedError),
    "a giant block announced": (header([FOLDER]) + b"\xff\xff\xff\xff\x7f", ContentRefusedError),
}


@pytest.mark.parametrize("fault", sorted(EXPORTS))
def test_a_faulty_export_is_refused_and_leaves_nothing_behind(
    node: Callable[[Answer], KuboStore], fault: str
) -> None:
    content, error = EXPORTS[fault]
    local = MemoryStore()
    store = LayeredStore(local, [node(says(content))])
    with pytest.raises(error) as caught:
        store.bring([FOLDER])
    assert caught.value.hint
    assert not any(map(local.has, (FOLDER, CID_HITS, CID_LIE)))


def test_an_honest_export_arrives_whole(node: Callable[[Answer], KuboStore]) -> None:
    store = node(says(WHOLE))
    assert [cid for cid, _ in store.export([FOLDER])][:2] == [FOLDER, CID_HITS]


def test_an_export_that_breaks_off_is_an_outage(node: Callable[[Answer], KuboStore]) -> None:
    local = MemoryStore()
    with pytest.raises((NodeUnavailableError, ContentRefusedError), match=r"broke off|ends|cut"):
        LayeredStore(local, [node(breaks_off(WHOLE[:-20]))]).bring([FOLDER])
    assert not local.has(FOLDER)


def test_an_export_without_end_is_cut_off(node: Callable[[Answer], KuboStore]) -> None:
    def answer(request: Request) -> None:
        start = header([FOLDER]) + frame(FOLDER, FOLDER_BLOCK)
        big = frame(CID_HITS, HITS)
        request.trickle(itertools.chain([start], itertools.repeat(big * 2000)))

    store = node(answer)
    with pytest.raises(ContentRefusedError, match="limit"):
        list(store.export([FOLDER], limits=Limits(blocks=10_000)))


def test_a_head_that_is_not_called_by_its_content_is_refused(
    node: Callable[[Answer], KuboStore],
) -> None:
    entry = {"Name": str(CID_HITS), "Hash": str(CID_LIE), "Type": 0, "Size": 4}
    store = node(lambda request: request.say_json({"Entries": [entry]}))
    with pytest.raises(IntegrityError, match=f"{CID_HITS}.*{CID_LIE}") as caught:
        store.heads("artifacts")
    assert "artifacts" in str(caught.value.path)


def test_a_pin_of_what_is_not_whole_is_refused(node: Callable[[Answer], KuboStore]) -> None:
    def answer(request: Request) -> None:
        if request.command_name == "block/stat":
            request.say_json({"Key": request.arg, "Size": 4})
        else:
            request.refuse("ipld: could not find bafy…")

    with pytest.raises(ContentMissingError, match="not whole"):
        node(answer).pin(FOLDER)


def test_an_old_node_is_told_and_used(node: Callable[[Answer], KuboStore]) -> None:
    told: list[str] = []
    store = node(lambda request: request.say_json({"Version": "0.4.23"}))
    store._tell = told.append
    assert store.version() == "0.4.23"
    assert len(told) == 1
    assert "0.4.23" in told[0]


def test_passwords_in_the_address_are_never_shown() -> None:
    with KuboStore(f"http://me:secret@127.0.0.1:{free_port()}") as store:
        with pytest.raises(NodeUnavailableError) as caught:
            store.pins()
        assert "secret" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("api", ["", "ftp://x", "127.0.0.1:5001", "/ip4/127.0.0.1", "http://a:b:c"])
def test_what_is_no_address_is_refused(api: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        KuboStore(api)


def test_the_selftest_of_a_lying_node_fails_in_rows_not_in_a_crash() -> None:
    def answer(request: Request) -> None:
        request.body()
        if request.command_name == "version":
            request.say_json({"Version": "0.30.0"})
        elif request.command_name == "repo/stat":
            request.say_json({"RepoSize": 7})
        else:
            request.say_json({"Root": {"Cid": {"/": str(CID_LIE)}}, "Key": str(CID_LIE)})

    with serving(answer) as api:
        rows = selftest(api, timeout_s=2)
    assert [row.what for row in rows if row.ok] == ["version", "wrong hash", "no warnings"]
    assert all(row.detail for row in rows)


class Away:
    """A source that counts how often it was asked, and is never there."""

    place = "away"

    def __init__(self) -> None:
        self.asked = 0

    def get(self, cid: CID) -> bytes:
        self.asked += 1
        raise NodeUnavailableError("cannot be reached.", hint="start it.", path=self.place)

    def export(self, roots: object, *, limits: object = None) -> Iterator[tuple[CID, bytes]]:
        raise NodeUnavailableError("cannot be reached.", hint="start it.", path=self.place)


def test_a_source_that_is_away_is_told_once_and_the_next_is_asked(
    node: Callable[[Answer], KuboStore],
) -> None:
    told: list[str] = []
    away, local = Away(), MemoryStore()
    store = LayeredStore(local, [away, node(says(HITS))], tell=told.append)
    assert store.get(CID_HITS) == HITS
    assert local.get(CID_HITS) == HITS
    with pytest.raises(CooptError):
        store.get(CID_LIE)  # the second source gives other bytes
    assert away.asked == 1
    assert sum("away" in line for line in told) == 1


def test_if_all_fail_all_are_named(node: Callable[[Answer], KuboStore]) -> None:
    second = node(refuses("not found"))
    with pytest.raises(NodeUnavailableError) as caught:
        LayeredStore(MemoryStore(), [Away(), second]).get(CID_HITS)
    assert "away" in str(caught.value)
    assert second.place in str(caught.value)
    assert str(CID_HITS) in str(caught.value)

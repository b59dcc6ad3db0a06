"""Nodes that are busy, picky, forgetful or of two minds, and what their clients see of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.codec import encode_call
from coopt_dag.ledger.embedded import ADDRESS, open_embedded
from coopt_dag.ledger.evm import EvmLedger, deploy
from coopt_dag.ledger.node import Node
from coopt_dag.ledger.remote import open_rpc, provider_of
from coopt_dag.ledger.rpc import EmbeddedProvider
from coopt_dag.ledger.state import project
from coopt_dag.ledger.transport import Patience, PatientProvider

from .conftest import Anvil, person

Answer = tuple[int, dict[str, str], bytes]
OWNER, ANN = person(1), person(4)


@dataclass
class Server:
    """The embedded chain behind HTTP, with troubles that tests order."""

    provider: EmbeddedProvider
    url: str = ""
    troubles: list[Callable[[Any], Answer | str | None]] = field(default_factory=list)
    """Each is asked once about a request: an answer, `lost` after it was done, or None."""
    picky: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _request: None
    """Gives an error that a request always has."""
    seen: list[Any] = field(default_factory=list)

    def answer(self, body: Any) -> Answer | None:
        self.seen.append(body)
        trouble = self.troubles.pop(0)(body) if self.troubles else None
        if isinstance(trouble, tuple):
            return trouble
        found: Any = [self._one(r) for r in body] if isinstance(body, list) else self._one(body)
        if trouble == "lost":
            return None
        return 200, {}, json.dumps(found).encode()

    def _one(self, request: dict[str, Any]) -> dict[str, Any]:
        error = self.picky(request)
        if error is None:
            return {**self.provider.make_request(request["method"], request["params"])} | {
                "id": request["id"]
            }
        return {"jsonrpc": "2.0", "id": request["id"], "error": error}

    def count(self, method: str) -> int:
        requests = [r for body in self.seen for r in (body if isinstance(body, list) else [body])]
        return sum(request["method"] == method for request in requests)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    open_embedded(tmp_path / "ledger.sqlite").close()
    lock, made = threading.Lock(), Server(EmbeddedProvider(tmp_path / "ledger.sqlite"))
    made.provider.file.db.close()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:  # SQLite's connection belongs to the thread that opened it
                made.provider = EmbeddedProvider(tmp_path / "ledger.sqlite")
                found = made.answer(body)
                made.provider.close()
            if found is None:
                self.close_connection = True
                return
            status, headers, content = found
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield made
    http.shutdown()
    http.server_close()
    thread.join()


class Waits(list[float]):
    """Notes how long a client would have waited."""

    def patience(self, tries: int = 6) -> Patience:
        return Patience(tries=tries, sleep=self.append, rng=Random(1))


def client(server: Server, waits: Waits, tries: int = 6) -> PatientProvider:
    inner = HTTPProvider(server.url, exception_retry_configuration=None)
    return PatientProvider(inner, patience=waits.patience(tries))


def status(code: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
    return lambda _body: (code, headers or {}, body)


def error(code: int, message: str) -> bytes:
    return json.dumps(
        {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}
    ).encode()


@pytest.mark.parametrize(
    "trouble",
    [
        status(429),
        status(502, body=b"<html>bad gateway</html>"),
        status(503),
        status(200, body=b"<html>be back soon</html>"),
        status(200, body=error(-32005, "rate limit exceeded")),
        status(200, body=error(429, "Your app has exceeded its compute units per second capacity")),
        lambda _body: "lost",
    ],
)
def test_what_may_be_asked_again_is_asked_until_it_is_answered(server: Server, trouble: Any):
    server.troubles, waits = [trouble] * 3, Waits()
    assert Node(client(server, waits)).call("eth_chainId") == "0x539"
    assert server.count("eth_chainId") == 4
    # each wait is from half to the whole of a quarter of a second, doubled every time
    assert all(0.125 * 2**i <= wait <= 0.25 * 2**i for i, wait in enumerate(waits))


def test_a_node_may_say_how_long_to_wait(server: Server):
    server.troubles, waits = [status(429, {"Retry-After": "3"})], Waits()
    Node(client(server, waits)).call("eth_chainId")
    assert waits == [3.0]


def test_patience_ends_with_words(server: Server):
    server.troubles, waits = [status(503)] * 9, Waits()
    with pytest.raises(LedgerUnavailableError) as caught:
        Node(client(server, waits, tries=3)).call("eth_blockNumber")
    assert len(waits) == 2
    assert "coopt.toml" in caught.value.hint


def test_what_must_not_happen_twice_is_asked_once(server: Server):
    server.troubles, waits = [lambda _body: "lost"], Waits()
    with pytest.raises(LedgerUnavailableError):
        Node(client(server, waits)).call("coopt_fund", ANN.address, "0x1")
    assert server.count("coopt_fund") == 1


def test_a_wrong_key_for_a_node_is_not_a_busy_node(server: Server):
    server.troubles, waits = [status(401)], Waits()
    with pytest.raises(LedgerUnavailableError, match="401"):
        Node(client(server, waits)).call("eth_chainId")
    assert waits == []


def test_nobody_there_is_told():
    quick = PatientProvider(HTTPProvider("http://127.0.0.1:9"), patience=Waits().patience())
    with pytest.raises(LedgerUnavailableError, match="does not answer"):
        Node(quick).call("eth_chainId")


def test_a_transaction_whose_answer_was_lost_is_in_the_chain_once(server: Server, tmp_path: Path):
    lost: list[Any] = []

    def loses_the_first(body: Any) -> str | None:
        if "eth_sendRawTransaction" not in str(body) or lost:
            return None
        lost.append(body)
        return "lost"

    server.troubles = [loses_the_first] * 99
    ledger = EvmLedger(client(server, Waits()), address=ADDRESS)
    receipt = ledger.send(ac.RegisterChallenge("toy", "m", (ANN.address,)), signer=OWNER)
    assert [type(event).__name__ for event in receipt.events] == ["ChallengeRegistered"]
    assert server.count("eth_sendRawTransaction") == 2
    assert len(ledger.events()) == 1


def test_a_transaction_of_which_no_answer_came_may_be_in_the_chain(server: Server):
    server.troubles = [
        lambda body: "lost" if "eth_sendRawTransaction" in str(body) else None for _ in range(99)
    ]
    ledger = EvmLedger(client(server, Waits(), tries=2), address=ADDRESS)
    with pytest.raises(LedgerUnavailableError, match="nobody knows whether") as caught:
        ledger.send(ac.RegisterChallenge("toy", "m", (ANN.address,)), signer=OWNER)
    assert "coopt log" in caught.value.hint
    assert len(ledger.events()) == 1


def test_a_nonce_that_somebody_took_meanwhile_is_passed_over(server: Server):
    action = ac.RegisterChallenge("other", "m", (ANN.address,))
    raw = OWNER.sign(
        {
            "to": to_checksum_address(ADDRESS),
            "data": encode_call(action).data,
            "value": 0,
            "chainId": 1337,
            "type": 2,
            "gas": 1_000_000,
            "nonce": 0,
            "maxFeePerGas": 0,
            "maxPriorityFeePerGas": 0,
        }
    )

    def takes_the_nonce(body: Any) -> None:
        if isinstance(body, dict) and body["method"] == "eth_sendRawTransaction":
            server.troubles.clear()
            server.provider.make_request("eth_sendRawTransaction", ["0x" + raw.hex()])

    ledger = EvmLedger(client(server, Waits()), address=ADDRESS)
    server.troubles = [takes_the_nonce] * 99
    receipt = ledger.send(ac.RegisterChallenge("toy", "m", (ANN.address,)), signer=OWNER)
    assert [event.challenge for event in ledger.events()] == ["other", "toy"]
    assert receipt.events == (ledger.events()[1],)


def test_many_questions_go_in_few_trips(server: Server):
    node = Node(client(server, Waits()))
    blocks = node.batch([("eth_getBlockByNumber", (hex(i % 2), False)) for i in range(120)])
    assert [int(block["number"], 16) for block in blocks] == [0, 1] * 60
    assert len(server.seen) == 3  # of at most 50


def test_a_node_that_takes_no_batches_is_asked_one_by_one(server: Server):
    def refuses(body: Any) -> Answer | None:
        is_batch = isinstance(body, list)
        return (200, {}, error(-32600, "batches are not supported")) if is_batch else None

    server.troubles = [refuses] * 9
    found = Node(client(server, Waits())).batch([("eth_chainId", ()), ("eth_blockNumber", ())])
    assert found[0] == "0x539"
    assert len(server.seen) == 3


def test_one_wrong_question_among_many_is_named(server: Server):
    node = Node(client(server, Waits()))
    with pytest.raises(LedgerUnavailableError, match="eth_nonsense"):
        node.batch([("eth_chainId", ()), ("eth_nonsense", ())])


@pytest.mark.parametrize(
    "words",
    [
        "query returned more than 10000 results",
        "eth_getLogs is limited to a 5 block range",
        "block range is too wide",
        "Log response size exceeded",
        "query timeout exceeded",
    ],
)
def test_logs_come_in_ranges_that_the_node_takes(server: Server, words: str):
    ledger = open_rpc(server.url, address=ADDRESS)
    for turn in range(12):
        ledger.send(ac.RegisterChallenge(f"toy_{turn}", "m", (ANN.address,)), signer=OWNER)

    def picky(request: dict[str, Any]) -> dict[str, Any] | None:
        if request["method"] != "eth_getLogs":
            return None
        wanted = request["params"][0]
        is_wide = int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) >= 5
        return {"code": -32005, "message": words} if is_wide else None

    server.picky = picky
    node = Node(client(server, Waits()))
    head = int(node.call("eth_blockNumber"), 16)
    parts = list(node.logs(0, head, list(ledger.addresses.values())))
    assert [end for end, _ in parts] == sorted({end for end, _ in parts})
    assert parts[-1][0] == head
    fresh = open_rpc(server.url, address=ADDRESS)
    assert fresh.events() == ledger.events()
    assert len(fresh.events()) == 12


def test_a_node_that_gives_no_logs_at_all_is_told(server: Server):
    def picky(request: dict[str, Any]) -> dict[str, Any] | None:
        is_logs = request["method"] == "eth_getLogs"
        return {"code": -32000, "message": "limit exceeded"} if is_logs else None

    server.picky = picky
    with pytest.raises(LedgerUnavailableError, match="logs of blocks 0 to 0"):
        list(Node(client(server, Waits())).logs(0, 50, [ADDRESS]))


def test_events_are_kept_for_the_next_process(server: Server, tmp_path: Path):
    first = open_rpc(server.url, address=ADDRESS, index=tmp_path / "state")
    first.send(ac.RegisterChallenge("toy", "m", (ANN.address,)), signer=OWNER)
    first.close()
    server.seen.clear()
    again = open_rpc(server.url, address=ADDRESS, index=tmp_path / "state")
    assert [type(event).__name__ for event in again.events()] == ["ChallengeRegistered"]
    assert server.count("eth_getLogs") == 0
    assert list((tmp_path / "state").glob(f"index-1337-{ADDRESS}.sqlite"))
    again.close()


@pytest.fixture(params=[True, False], ids=["index", "memory"])
def two_minded(request: pytest.FixtureRequest, anvil: Anvil, tmp_path: Path) -> EvmLedger:
    """Give a ledger on a node that can change its mind."""
    address = deploy(provider_of(anvil.url), signer=person(0))
    return open_rpc(anvil.url, address=address, index=tmp_path if request.param else None)


def act(ledger: EvmLedger, step: str) -> None:
    action = ac.RegisterStep("toy", step, "s", "maximise", 0)
    ledger.send(action, signer=OWNER)


def names(ledger: EvmLedger) -> list[str]:
    return [step for _, step in project(ledger.events()).steps]


@pytest.mark.npm
def test_what_a_node_takes_back_is_gone_and_what_comes_instead_is_there(
    anvil: Anvil, two_minded: EvmLedger
):
    two_minded.send(ac.RegisterChallenge("toy", "m", (ANN.address,)), signer=OWNER)
    act(two_minded, "one")
    snapshot = anvil.rpc("evm_snapshot")
    act(two_minded, "two")
    act(two_minded, "three")
    assert names(two_minded) == ["one", "two", "three"]
    anvil.rpc("evm_revert", snapshot)
    assert names(two_minded) == ["one"]
    act(two_minded, "four")
    act(two_minded, "five")
    act(two_minded, "six")
    assert names(two_minded) == ["one", "four", "five", "six"]
    assert [event.seq for event in two_minded.events()] == [0, 1, 2, 3, 4]
    two_minded.close()


@pytest.mark.npm
def test_a_reorganisation_replaces_blocks_at_the_same_heights(anvil: Anvil, two_minded: EvmLedger):
    two_minded.send(ac.RegisterChallenge("toy", "m", (ANN.address,)), signer=OWNER)
    for step in ("one", "two", "three"):
        act(two_minded, step)
    before = two_minded.head()
    anvil.rpc("anvil_reorg", 2, [])
    assert two_minded.head().height == before.height
    assert two_minded.head().block_hash != before.block_hash
    assert names(two_minded) == ["one"]
    act(two_minded, "four")
    assert names(two_minded) == ["one", "four"]
    fresh = open_rpc(anvil.url, address=two_minded.address)
    assert fresh.events() == two_minded.events()
    two_minded.close()

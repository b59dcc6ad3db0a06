"""Students sign, somebody with coin relays: nothing lost, nothing twice, each told what became."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web3 import HTTPProvider

from coopt_dag.errors import (
    ContentRefusedError,
    LedgerRefusedError,
    LedgerUnavailableError,
    UsageError,
)
from coopt_dag.ledger.actions import (
    Action,
    CancelNonce,
    Claim,
    Endorse,
    Fund,
    Pause,
    RegisterChallenge,
    RegisterStep,
    Release,
    Unpause,
)
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.chainfile import ChainFileReader
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.events import Claimed, Funded, Released, Skipped
from coopt_dag.ledger.evm import EvmLedger
from coopt_dag.ledger.outbox import LARGEST_BYTES, Outbox, parse
from coopt_dag.ledger.relaying import TRIES, Outcome, Relayer, asked_for
from coopt_dag.ledger.signing import LIFETIME_S, SigningLedger

from .conftest import Bench, anvil_bench, embedded_bench, memory_bench, person

OWNER, LAB, OTHER_LAB = person(1), person(2), person(3)
STUDENTS = [person(n) for n in range(10, 30)]
ANN, BEN = STUDENTS[:2]
WAD = 10**18


CHAINS = ["embedded", pytest.param("anvil", marks=pytest.mark.npm)]


@pytest.fixture(params=["memory", *CHAINS])
def toy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A challenge with one step that two may claim, and one that anybody may."""
    yield from _toy(request, tmp_path)


@pytest.fixture(params=CHAINS)
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """The same, where there are connections and gas."""
    yield from _toy(request, tmp_path)


def _toy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "memory":
        made = memory_bench()
    elif request.param == "embedded":
        made = embedded_bench(tmp_path)
    else:
        made = anvil_bench(request.getfixturevalue("anvil"))
    ledger = made.ledger
    ledger.send(RegisterChallenge("toy", "m", (OWNER.address,)), signer=OWNER)
    for step, cap in (("few", 2), ("fit", 0)):
        ledger.send(RegisterStep("toy", step, "s", "maximise", 0, 0, cap), signer=OWNER)
    yield made
    ledger.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


class Pen:
    """Signs into an outbox; `lines` is what a person would have read."""

    def __init__(self, bench: Bench, outbox: Outbox, **options: Any) -> None:
        self.lines: list[str] = []
        self.ticks = bench.clock.now * 10**9
        self.ledger = SigningLedger(
            bench.ledger, outbox, tell=self.lines.append, clock=self._tick, **options
        )

    def _tick(self) -> int:
        self.ticks += 1
        return self.ticks

    def __call__(self, who: Any, action: Action) -> Path:
        return self.ledger.send(action, signer=who).path


def relayed(bench: Bench, *outboxes: Outbox, who: Any = LAB, **options: Any) -> list[Outcome]:
    return list(Relayer(bench.ledger, signer=who, **options).run(outboxes))


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def room(outbox: Outbox, name: str = ".") -> list[str]:
    return sorted(p.name for p in (outbox.folder / name).glob("*.json"))


def test_who_signs_acts_and_who_relays_sends(toy: Bench, outbox: Outbox) -> None:
    path = Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    assert not [e for e in toy.ledger.events() if isinstance(e, Claimed)]
    (outcome,) = relayed(toy, outbox)
    assert (outcome.status, outcome.who, outcome.what) == ("taken", ANN.address, "Claim fit")
    (event,) = [e for e in toy.ledger.events() if isinstance(e, Claimed)]
    assert (event.actor, event.step, event.tx_hash) == (ANN.address, "fit", outcome.tx_hash)
    assert room(outbox, "done") == [path.name]
    assert room(outbox) == []


def test_what_would_be_refused_is_not_signed(toy: Bench, outbox: Outbox) -> None:
    with pytest.raises(LedgerRefusedError) as refusal:
        Pen(toy, outbox)(ANN, Release("toy", "fit"))
    assert refusal.value.code == "NoLiveClaim"
    assert room(outbox) == []


def test_what_builds_on_a_queued_request_is_told_to_wait(toy: Bench, outbox: Outbox) -> None:
    pen = Pen(toy, outbox)
    pen(ANN, Claim("toy", "fit", 600))
    with pytest.raises(LedgerRefusedError) as refusal:
        pen(ANN, Release("toy", "fit"))
    assert "coopt relay" in refusal.value.hint


def test_who_runs_a_command_twice_signs_once(toy: Bench, outbox: Outbox) -> None:
    pen = Pen(toy, outbox)
    first = pen(ANN, Claim("toy", "fit", 600))
    assert pen(ANN, Claim("toy", "fit", 600)) == first
    assert pen(BEN, Claim("toy", "fit", 600)) != first
    assert pen(ANN, Claim("toy", "fit", 601)) != first
    assert len(room(outbox)) == 3
    assert "still waits" in pen.lines[1]


def test_an_expired_request_is_signed_anew(toy: Bench, outbox: Outbox) -> None:
    first = Pen(toy, outbox, lifetime_s=60)(ANN, Claim("toy", "fit", 600))
    toy.sleep(120)
    assert Pen(toy, outbox)(ANN, Claim("toy", "fit", 600)) != first


def test_what_nobody_can_relay_is_not_signed(toy: Bench, outbox: Outbox) -> None:
    with pytest.raises(UsageError, match="Pause cannot be signed"):
        Pen(toy, outbox)(ANN, Pause())


def test_many_requests_go_in_one_transaction_in_the_order_of_signing(
    toy: Bench, outbox: Outbox
) -> None:
    pen = Pen(toy, outbox)
    for student in STUDENTS:
        pen(student, Claim("toy", "fit", 600))
    outcomes = relayed(toy, outbox)
    assert statuses(outcomes) == ["taken"] * len(STUDENTS)
    assert [o.who for o in outcomes] == [s.address for s in STUDENTS]
    assert len({o.tx_hash for o in outcomes}) == 1
    claims = [e for e in toy.ledger.events() if isinstance(e, Claimed)]
    assert [c.actor for c in claims] == [s.address for s in STUDENTS]


def test_a_batch_is_no_larger_than_told(toy: Bench, outbox: Outbox) -> None:
    pen = Pen(toy, outbox)
    for student in STUDENTS[:7]:
        pen(student, Claim("toy", "fit", 600))
    outcomes = relayed(toy, outbox, batch=3)
    assert len({o.tx_hash for o in outcomes}) == 3
    assert statuses(outcomes) == ["taken"] * 7


def test_a_batch_holds_no_more_gas_than_a_transaction_may_have(
    chain: Bench, outbox: Outbox
) -> None:
    pen = Pen(chain, outbox)
    for student in STUDENTS[:6]:
        pen(student, Claim("toy", "fit", 600))
    relayer = Relayer(chain.ledger, signer=LAB)
    relayer._gas = 220_000  # a relayed claim takes some 95,000 gas, so two and no third
    outcomes = list(relayer.run([outbox]))
    assert statuses(outcomes) == ["taken"] * 6
    assert len({o.tx_hash for o in outcomes}) == 3


def test_no_more_than_the_limit_is_looked_at(toy: Bench, outbox: Outbox) -> None:
    pen = Pen(toy, outbox)
    for student in STUDENTS[:4]:
        pen(student, Claim("toy", "fit", 600))
    assert statuses(relayed(toy, outbox, limit=3)) == ["taken"] * 3
    assert len(room(outbox)) == 1


def test_one_bad_request_in_a_batch_leaves_the_others_alone(toy: Bench, outbox: Outbox) -> None:
    """Two may claim `few`; the third to come is refused with the rule's words."""
    pen = Pen(toy, outbox)
    for student in STUDENTS[:3]:
        pen(student, Claim("toy", "few", 600))
    pen(ANN, Claim("toy", "fit", 600))
    outcomes = relayed(toy, outbox)
    assert sorted(statuses(outcomes)) == ["refused", "taken", "taken", "taken"]
    (bad,) = [o for o in outcomes if o.status == "refused"]
    assert bad.who == STUDENTS[2].address
    assert "all claims on this step are taken" in bad.words
    assert room(outbox, "failed") == [bad.path.name]
    assert bad.words in bad.path.with_suffix(".why").read_text()


def test_what_was_refused_can_be_tried_again_from_where_it_lies(toy: Bench, outbox: Outbox) -> None:
    pen = Pen(toy, outbox)
    for student in STUDENTS[:3]:
        pen(student, Claim("toy", "few", 600))
    relayed(toy, outbox)
    failed = Outbox(outbox.folder / "failed")
    assert statuses(relayed(toy, failed)) == ["refused"]
    assert len(room(outbox, "failed")) == 1
    toy.ledger.send(Release("toy", "few"), signer=STUDENTS[0])
    assert statuses(relayed(toy, failed)) == ["taken"]
    assert room(outbox, "failed") == []
    assert len(room(outbox, "done")) == 3


def test_a_request_that_builds_on_another_in_the_same_folder_follows_it(
    toy: Bench, outbox: Outbox, tmp_path: Path
) -> None:
    """The second was signed when its claim was live, and given back since."""
    pen = Pen(toy, outbox)
    toy.ledger.send(Claim("toy", "fit", 600), signer=ANN)
    second = Outbox(tmp_path / "second")
    later = Pen(toy, second)
    later.ticks += 10**9
    later(ANN, Release("toy", "fit"))
    toy.ledger.send(Release("toy", "fit"), signer=ANN)
    pen(ANN, Claim("toy", "fit", 600))
    assert statuses(relayed(toy, second, outbox)) == ["taken", "taken"]
    last = [e for e in toy.ledger.events() if isinstance(e, Claimed | Released)][-1]
    assert isinstance(last, Released)


def test_an_expired_request_is_told_and_kept(toy: Bench, outbox: Outbox) -> None:
    path = Pen(toy, outbox, lifetime_s=60)(ANN, Claim("toy", "fit", 600))
    toy.sleep(120)
    (outcome,) = relayed(toy, outbox)
    assert outcome.status == "expired"
    assert room(outbox, "failed") == [path.name]


def test_a_request_that_was_taken_is_not_called_expired_later(toy: Bench, outbox: Outbox) -> None:
    path = Pen(toy, outbox, lifetime_s=60)(ANN, Claim("toy", "fit", 600))
    text = path.read_bytes()
    relayed(toy, outbox)
    path.write_bytes(text)
    toy.sleep(120)
    assert statuses(relayed(toy, outbox)) == ["spent"]


def test_the_deadline_is_a_week_off(toy: Bench, outbox: Outbox) -> None:
    path = Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    deadline = outbox.read(path).request.deadline
    assert LIFETIME_S == 7 * 86_400
    assert 0 <= deadline - LIFETIME_S - toy.ledger.head().time <= 5


def test_a_copy_of_a_request_is_taken_once(toy: Bench, outbox: Outbox) -> None:
    path = Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    (outbox.folder / "z-copy.json").write_bytes(path.read_bytes())
    assert statuses(relayed(toy, outbox)) == ["taken", "spent"]
    assert len([e for e in toy.ledger.events() if isinstance(e, Claimed)]) == 1
    assert len(room(outbox, "done")) == 2


def test_a_cancelled_request_is_said_to_be_that(toy: Bench, outbox: Outbox) -> None:
    path = Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    toy.ledger.send(CancelNonce(outbox.read(path).request.nonce), signer=ANN)
    assert statuses(relayed(toy, outbox)) == ["cancelled"]
    assert room(outbox, "failed") == [path.name]


def test_a_request_for_another_chain_or_contract_stays_where_it_is(
    toy: Bench, outbox: Outbox
) -> None:
    path = Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"chain_id": 1}))
    other = outbox.folder / "z.json"
    other.write_text(json.dumps(document | {"address": "0x" + "11" * 20}))
    outcomes = relayed(toy, outbox)
    assert statuses(outcomes) == ["elsewhere", "elsewhere"]
    assert "chain 1, not" in outcomes[0].words
    assert room(outbox) == [path.name, "z.json"]


@pytest.mark.parametrize("field", ["nonce", "deadline", "data", "from"])
def test_who_changes_a_signed_request_breaks_its_signature(
    toy: Bench, outbox: Outbox, field: str
) -> None:
    path = Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    document = json.loads(path.read_text())
    changed = {
        "nonce": "0x07",
        "deadline": document["deadline"] + 1,
        "data": document["data"][:-2] + "07",
        "from": BEN.address,
    }
    path.write_text(json.dumps(document | {field: changed[field]}))
    (outcome,) = relayed(toy, outbox)
    assert outcome.status == "refused"
    assert "signature" in outcome.words
    assert not [e for e in toy.ledger.events() if isinstance(e, Claimed)]


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda d: {k: v for k, v in d.items() if k != name}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_without("nonce"), "'nonce' is missing"),
        (lambda d: d | {"more": 1}, "'more' is not known"),
        (lambda d: d | {"schema": "coopt/request/2"}, "no signed request"),
        (lambda d: d | {"deadline": True}, "'deadline'"),
        (lambda d: d | {"deadline": 2**64}, "'deadline'"),
        (lambda d: d | {"deadline": -1}, "'deadline'"),
        (lambda d: d | {"chain_id": "1"}, "'chain_id'"),
        (lambda d: d | {"contract": "guard"}, "'contract'"),
        (lambda d: d | {"contract": ["ledger"]}, "'contract'"),
        (lambda d: d | {"from": "ann"}, "'from'"),
        (lambda d: d | {"address": d["address"].upper()}, "'address'"),
        (lambda d: d | {"nonce": "0x" + "1" * 65}, "'nonce'"),
        (lambda d: d | {"data": "0xa"}, "'data'"),
        (lambda d: d | {"signature": d["signature"] + "\n"}, "'signature'"),
        (lambda d: d | {"value_wei": "-1"}, "'value_wei'"),
        (lambda d: d | {"value_wei": str(2**256)}, "'value_wei'"),
        (lambda d: [d], "no signed request"),
        (lambda _: None, "no signed request"),
    ],
)
def test_a_file_of_another_form_is_refused_by_field(
    broken: Callable[[dict[str, Any]], Any], said: str
) -> None:
    whole = {
        "schema": "coopt/request/1",
        "chain_id": 1337,
        "contract": "ledger",
        "address": "0x" + "ab" * 20,
        "from": "0x" + "22" * 20,
        "nonce": "0x7",
        "deadline": 100,
        "data": "0xab",
        "signature": "0x" + "33" * 65,
        "value_wei": "0",
    }
    assert parse(json.dumps(whole).encode()).request.nonce == 7
    with pytest.raises(ContentRefusedError, match=said):
        parse(json.dumps(broken(whole)).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"9" * 5000,
        b'{"schema": "coopt/request/1"',
        b" " * (LARGEST_BYTES + 1),
    ],
)
def test_an_unreadable_file_stops_nobody_else(toy: Bench, outbox: Outbox, content: bytes) -> None:
    Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    (outbox.folder / "a-broken.json").write_bytes(content)
    outcomes = relayed(toy, outbox)
    assert sorted(statuses(outcomes)) == ["taken", "unreadable"]
    assert (outbox.folder / "failed" / "a-broken.json").read_bytes() == content


def test_nothing_that_was_settled_is_written_over(outbox: Outbox) -> None:
    outbox.folder.mkdir()
    for content in (b"1", b"2", b"3"):
        path = outbox.folder / "same.json"
        path.write_bytes(content)
        outbox.settle(path, "failed", why="no request")
    kept = sorted(p.read_bytes() for p in (outbox.folder / "failed").glob("*.json"))
    assert kept == [b"1", b"2", b"3"]


def test_a_file_that_another_relayer_moved_is_no_failure(outbox: Outbox) -> None:
    outbox.folder.mkdir()
    outbox.settle(outbox.folder / "gone.json", "done")
    assert room(outbox, "done") == []


def test_what_was_mined_before_a_kill_is_found_to_be_spent(toy: Bench, outbox: Outbox) -> None:
    """The kill between the receipt and the move of the files leaves exactly this."""
    pen = Pen(toy, outbox)
    texts = {p: p.read_bytes() for s in STUDENTS[:4] for p in [pen(s, Claim("toy", "fit", 600))]}
    relayed(toy, outbox, limit=2)
    for path, text in texts.items():
        path.write_bytes(text)
        (outbox.folder / "done" / path.name).unlink(missing_ok=True)
    assert sorted(statuses(relayed(toy, outbox))) == ["spent", "spent", "taken", "taken"]
    assert room(outbox, "done") == sorted(p.name for p in texts)
    assert len([e for e in toy.ledger.events() if isinstance(e, Claimed)]) == 4


def test_of_two_relayers_at_once_each_request_is_taken_by_one(
    chain: Bench, outbox: Outbox, tmp_path: Path
) -> None:
    """Both have all the requests, each in a folder of its own, as on two machines."""
    pen = Pen(chain, outbox)
    for student in STUDENTS:
        pen(student, Claim("toy", "fit", 600))
    second = Outbox(tmp_path / "second")
    second.folder.mkdir()
    for path in outbox.pending():
        (second.folder / path.name).write_bytes(path.read_bytes())
    found: dict[str, list[Outcome]] = {}

    def run(name: str, box: Outbox, who: Any) -> None:
        ledger = _another_connection(chain, tmp_path)
        found[name] = list(Relayer(ledger, signer=who, batch=2).run([box]))
        ledger.close()

    threads = [
        threading.Thread(target=run, args=("one", outbox, LAB)),
        threading.Thread(target=run, args=("two", second, OTHER_LAB)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(found) == {"one", "two"}
    assert {s for outcomes in found.values() for s in statuses(outcomes)} <= {"taken", "spent"}
    taken = [o for outcomes in found.values() for o in outcomes if o.status == "taken"]
    assert sorted(o.who for o in taken) == sorted(s.address for s in STUDENTS)
    claims = [e for e in chain.ledger.events() if isinstance(e, Claimed)]
    assert len(claims) == len(STUDENTS)
    assert room(outbox, "done") == room(second, "done")


def _another_connection(toy: Bench, tmp_path: Path) -> EvmLedger:
    ledger = toy.ledger
    assert isinstance(ledger, EvmLedger)
    provider = ledger._w3.provider
    if isinstance(provider, HTTPProvider):
        return EvmLedger(HTTPProvider(provider.endpoint_uri), address=ledger.address)
    return open_embedded(tmp_path / "ledger.sqlite", clock=toy.clock)


def test_a_relayer_that_lost_the_race_says_spent(toy: Bench, outbox: Outbox) -> None:
    """The other one is faster between the rehearsal and the sending."""
    path = Pen(toy, outbox)(ANN, Claim("toy", "fit", 600))
    request = outbox.read(path).request
    relayer = Relayer(toy.ledger, signer=LAB)
    send = toy.ledger.send

    class Slow:
        """The ledger, and somebody who is always faster."""

        def __getattr__(self, name: str) -> Any:
            return getattr(toy.ledger, name)

        def send(self, action: Any, *, signer: Any) -> Any:
            send(replace(action, requests=(request,)), signer=OTHER_LAB)
            return send(action, signer=signer)

    relayer._ledger = Slow()  # type: ignore[assignment]
    assert statuses(list(relayer.run([outbox]))) == ["spent"]


def funding(bench: Bench, amount: int) -> Fund:
    deadline = bench.ledger.head().time + 30 * 86_400
    return Fund("toy", "fit", 1, COIN, amount, COIN, deadline, "terms")


def test_who_relays_pays_for_what_wants_coin_up_to_what_it_said(toy: Bench, outbox: Outbox) -> None:
    pen = Pen(toy, outbox)
    pen(ANN, funding(toy, 7))
    pen(BEN, funding(toy, 8))
    toy.give(LAB.address, 10**18)
    outcomes = relayed(toy, outbox)
    assert statuses(outcomes) == ["unpaid", "unpaid"]
    assert "wants 7 wei" in outcomes[0].words
    assert len(room(outbox)) == 2
    assert statuses(relayed(toy, outbox, value_wei=14)) == ["taken", "unpaid"]
    (funded,) = [e for e in toy.ledger.events() if isinstance(e, Funded)]
    assert (funded.actor, funded.amount) == (ANN.address, 7)
    assert statuses(relayed(toy, outbox, value_wei=8)) == ["taken"]


def test_a_relayer_that_has_less_than_it_said_leaves_the_request(
    toy: Bench, outbox: Outbox
) -> None:
    poor = person(99)
    Pen(toy, outbox)(ANN, funding(toy, 7))
    assert statuses(relayed(toy, outbox, who=poor, value_wei=100)) == ["unpaid"]
    assert len(room(outbox)) == 1


def test_while_new_things_are_stopped_a_request_waits(toy: Bench, outbox: Outbox) -> None:
    Pen(toy, outbox)(ANN, RegisterChallenge("other", "m", (ANN.address,)))
    toy.ledger.send(Pause(), signer=toy.guardian)
    assert statuses(relayed(toy, outbox)) == ["paused"]
    assert len(room(outbox)) == 1
    toy.ledger.send(Unpause(), signer=toy.guardian)
    assert statuses(relayed(toy, outbox)) == ["taken"]


def test_who_only_reads_relays_nothing(tmp_path: Path) -> None:
    embedded_bench(tmp_path).ledger.close()
    with pytest.raises(LedgerUnavailableError, match="reading only"):
        Relayer(ChainFileReader(tmp_path / "ledger.sqlite"), signer=LAB)


def test_a_request_that_is_skipped_again_and_again_is_given_up(toy: Bench, outbox: Outbox) -> None:
    pen = Pen(toy, outbox)
    pen(ANN, Claim("toy", "fit", 600))
    pen(BEN, Claim("toy", "fit", 600))
    relayer = Relayer(toy.ledger, signer=LAB)
    sent: list[Any] = []

    class Unlucky:
        """A ledger on which Ann's request fails in every block, though rehearsed well."""

        def __getattr__(self, name: str) -> Any:
            return getattr(toy.ledger, name)

        def send(self, action: Any, *, signer: Any) -> Any:
            sent.append(action)
            if not any(r.sender == ANN.address for r in action.requests):
                return toy.ledger.send(action, signer=signer)
            rest = tuple(r for r in action.requests if r.sender != ANN.address)
            events = ()
            if rest:
                events = toy.ledger.send(replace(action, requests=rest), signer=signer).events
            ann = next(r for r in action.requests if r.sender == ANN.address)
            place = {"seq": 0, "block": 1, "time": 1, "tx_hash": "0x"}
            skip = Skipped(actor=ANN.address, nonce=ann.nonce, reason="", **place)
            return _Receipt((*events, skip))

    relayer._ledger = Unlucky()  # type: ignore[assignment]
    outcomes = list(relayer.run([outbox]))
    assert sorted(statuses(outcomes)) == ["refused", "taken"]
    assert len([a for a in sent if any(r.sender == ANN.address for r in a.requests)]) == TRIES


def test_a_batch_that_one_wallet_spoils_is_relayed_one_by_one(toy: Bench, outbox: Outbox) -> None:
    """As if a wallet had used up the gas: all are skipped, without a reason."""
    pen = Pen(toy, outbox)
    for student in STUDENTS[:3]:
        pen(student, Claim("toy", "fit", 600))
    relayer = Relayer(toy.ledger, signer=LAB)
    sent: list[int] = []

    class Spoiled:
        """A ledger on which no batch succeeds."""

        def __getattr__(self, name: str) -> Any:
            return getattr(toy.ledger, name)

        def send(self, action: Any, *, signer: Any) -> Any:
            sent.append(len(action.requests))
            if len(action.requests) == 1:
                return toy.ledger.send(action, signer=signer)
            place = {"seq": 0, "block": 1, "time": 1, "tx_hash": "0x", "reason": ""}
            skips = (Skipped(actor=r.sender, nonce=r.nonce, **place) for r in action.requests)
            return _Receipt(tuple(skips))

    relayer._ledger = Spoiled()  # type: ignore[assignment]
    assert statuses(list(relayer.run([outbox]))) == ["taken"] * 3
    assert sent == [3, 1, 1, 1]


@pytest.mark.npm
def test_a_wallet_that_uses_up_all_gas_is_refused_and_harms_nobody(
    request: pytest.FixtureRequest, outbox: Outbox
) -> None:
    """Its code, 5b600056, is a loop without end; it is asked for every signature of its own."""
    bench = anvil_bench(request.getfixturevalue("anvil"))
    ledger = bench.ledger
    ledger.send(RegisterChallenge("toy", "m", (OWNER.address,)), signer=OWNER)
    ledger.send(RegisterStep("toy", "fit", "s", "maximise", 0, 0, 0), signer=OWNER)
    pen = Pen(bench, outbox)
    paths = [pen(who, Claim("toy", "fit", 600)) for who in STUDENTS[:3]]
    wallet = "0x" + "77" * 20
    request.getfixturevalue("anvil").rpc("anvil_setCode", wallet, "0x5b600056")
    document = json.loads(paths[1].read_text())
    paths[1].write_text(json.dumps(document | {"from": wallet}))
    outcomes = relayed(bench, outbox)
    assert sorted(statuses(outcomes)) == ["refused", "taken", "taken"]
    (bad,) = [o for o in outcomes if o.status == "refused"]
    assert bad.who == wallet
    ledger.close()


class _Receipt:
    def __init__(self, events: tuple[Any, ...]) -> None:
        self.events, self.tx_hash = events, "0xfe"


_RELAY = """
import sys
from pathlib import Path
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.chainfile import ChainFileReader
from coopt_dag.ledger.embedded import open_embedded
from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.outbox import Outbox
from coopt_dag.ledger.relaying import Relayer
ledger = open_embedded(Path(sys.argv[1]), clock=lambda: int(sys.argv[3]))
hand = KeySigner.of((1002).to_bytes(32, "big"))
print("ready", flush=True)
for outcome in Relayer(ledger, signer=hand, batch=1).run([Outbox(Path(sys.argv[2]))]):
    print(outcome.status, outcome.path.name, flush=True)
"""


@pytest.mark.kill
def test_a_relayer_killed_at_any_point_loses_and_doubles_nothing(
    tmp_path: Path, outbox: Outbox
) -> None:
    bench = embedded_bench(tmp_path)
    bench.ledger.send(RegisterChallenge("toy", "m", (OWNER.address,)), signer=OWNER)
    bench.ledger.send(RegisterStep("toy", "fit", "s", "maximise", 0, 0, 0), signer=OWNER)
    pen = Pen(bench, outbox)
    names = sorted(pen(s, Claim("toy", "fit", 600)).name for s in STUDENTS)
    words = [str(tmp_path / "ledger.sqlite"), str(outbox.folder), str(bench.clock.now)]
    for number in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", _RELAY, *words], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.01 * number)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert sorted(room(outbox) + room(outbox, "done")) == names
        if not room(outbox):
            break
    relayed(bench, outbox)
    assert room(outbox, "done") == names
    claims = [e for e in bench.ledger.events() if isinstance(e, Claimed)]
    assert sorted(c.actor for c in claims) == sorted(s.address for s in STUDENTS)
    bench.ledger.close()


def test_what_is_asked_for_is_read_from_the_data_not_from_a_label(
    toy: Bench, outbox: Outbox
) -> None:
    queued = outbox.read(Pen(toy, outbox)(ANN, Claim("toy", "fit", 600)))
    assert asked_for(queued) == "Claim fit"
    unknown = replace(queued, request=replace(queued.request, data="ffffffff"))
    assert asked_for(unknown) == "an unknown call"
    cut = replace(queued, request=replace(queued.request, data=queued.request.data[:20]))
    assert asked_for(cut) == "an unknown call"


def test_an_endorsement_goes_to_the_notes(toy: Bench, outbox: Outbox) -> None:
    with pytest.raises(LedgerRefusedError) as refusal:
        Pen(toy, outbox)(ANN, Endorse(1))
    assert refusal.value.code == "UnknownSubmission"

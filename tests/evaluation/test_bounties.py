"""Bounties, bonds and what is owed, on a clock that the test holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coopt_dag.errors import LedgerRefusedError, UnknownNameError, UsageError
from coopt_dag.evaluation import bounties, coin, judges
from coopt_dag.evaluation.bounties import Offer
from coopt_dag.evaluation.desk import Desk
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.memory import MemoryLedger, MemorySigner
from coopt_dag.report.bench import bench
from coopt_dag.report.pots import pots
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.memory import MemoryStore
from tests.workspaces import tiny

START = 2_000_000_000
DAY = 86_400
LAB, ADA, BOB = (MemorySigner("0x" + letter * 40) for letter in "1ab")


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bob(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """A sponsor with 100 wei; the challenge closes in ten days and its settlements wait for two."""
    ledger = MemoryLedger(clock)
    rules = {"closes_at": START + 10 * DAY, "dispute_s": 2 * DAY, "bond_wei": 5, "pot": 1000}
    ledger.send(ac.RegisterChallenge("tiny", "m", (LAB.address,), **rules), signer=LAB)
    ledger.send(ac.RegisterStep("tiny", "add", "s", "minimise", 1), signer=LAB)
    ledger.give(BOB.address, 100)
    yield Desk(find_workspace(tiny(tmp_path / "tiny")), MemoryStore(), ledger, BOB)
    ledger.close()


def offer(amount: int = 40, **changes: object) -> Offer:
    made = Offer("tiny", "add", amount, START + 20 * DAY, "bafyterms")
    return replace(made, **changes)  # type: ignore[arg-type]


def shown(desk: Desk, clock: Clock) -> str:
    (row,) = pots(desk.state(), "tiny", name_of=str, now=clock())
    return str(row["state"])


def test_a_bounty_that_nobody_earned_goes_back_after_its_deadline(bob: Desk, clock: Clock) -> None:
    made = bounties.fund(bob, offer())
    assert (made.bounty_id, made.arrived, made.epoch) == (1, 40, 0)
    assert coin.purse(bob.ledger, BOB.address).holds == 60
    clock.now = START + 20 * DAY - 1
    with pytest.raises(LedgerRefusedError, match="nothing of bounty 1 is free before 2033-06-07"):
        bounties.refund(bob, 1)
    clock.now += 1
    assert shown(bob, clock) == "can be refunded"
    bounties.refund(replace(bob, signer=ADA), 1)  # anybody may ask, the sponsor is paid
    assert coin.purse(bob.ledger, BOB.address).holds == 100
    assert shown(bob, clock) == "empty"


def test_a_bounty_in_a_settlement_is_shown_as_such(bob: Desk, clock: Clock) -> None:
    bounties.fund(bob, offer())
    clock.now = START + 10 * DAY
    share = (ac.Share(1, 30),)
    settle = ac.ProposeSettlement("tiny", 0, "11" * 32, "bafytable", 0, share)
    bob.ledger.send(settle, signer=LAB)
    assert shown(bob, clock) == "in a settlement that is not final"
    with pytest.raises(LedgerRefusedError, match="while a settlement that may pay it"):
        bounties.refund(bob, 1)
    clock.now += 2 * DAY
    assert shown(bob, clock) == "a settlement pays it"
    bounties.refund(bob, 1)  # what the settlement did not set aside
    assert coin.purse(bob.ledger, BOB.address).holds == 70


def test_a_bond_of_the_treasury_is_fetched_too(bob: Desk, clock: Clock) -> None:
    clock.now = START + 10 * DAY
    settle = ac.ProposeSettlement("tiny", 0, "11" * 32, "bafytable", 0)
    bob.ledger.send(settle, signer=LAB)
    bob.send(ac.DisputeSettlement("tiny", 0, "bafyevidence", value_wei=5))
    clock.now += 2 * DAY + 1
    bob.send(ac.LapseSettlement("tiny", 0))
    assert coin.purse(bob.ledger, BOB.address) == coin.Purse(BOB.address, 95, 0, 5)
    (paid,) = coin.withdraw(bob, bob.ledger)
    assert (paid.contract, paid.amount_wei) == ("treasury", 5)
    assert coin.withdraw(bob, bob.ledger) == []


def test_what_one_has_not_one_cannot_offer(bob: Desk) -> None:
    with pytest.raises(UsageError, match=r"this takes 101 wei, and 0xb+ holds 100 wei"):
        bounties.fund(bob, offer(101))
    with pytest.raises(UsageError, match="this ledger has no tokens"):
        bounties.fund(bob, offer(asset="0x" + "9" * 40))
    with pytest.raises(UnknownNameError, match="'nothing'"):
        bounties.fund(bob, offer(step="nothing"))


def test_an_evaluator_comes_and_goes_with_notice(bob: Desk, clock: Clock) -> None:
    lab = replace(bob, signer=LAB)
    judges.add(lab, "tiny", ADA.address)

    def states() -> list[str]:
        events = lab.ledger.events()
        rows = bench(lab.state(), events, "tiny", name_of=str, now=clock())
        return [r["state"] for r in rows]

    assert states() == ["judges", "judges from 2033-05-25 03:33 UTC"]
    clock.now += 7 * DAY
    assert states() == ["judges", "judges"]
    judges.retire(lab, "tiny", LAB.address)
    clock.now += 7 * DAY
    assert states() == ["left at 2033-06-01 03:33 UTC", "judges"]
    assert lab.state().judges("tiny", now=clock()) == (ADA.address,)

"""Short words of the conformance kit: who acts, and what a ledger answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger.actions import Action, Claim, RegisterChallenge, RegisterStep, Score
from coopt_dag.ledger.keys import KeySigner

from .papers import Panel, Work

if TYPE_CHECKING:
    from .conftest import Bench


def person(number: int) -> KeySigner:
    """Give the same key for the same number."""
    return KeySigner.of((1000 + number).to_bytes(32, "big"))


OWNER, JUDGE, ANN, BEN = person(1), person(2), person(3), person(4)
EVA, FAY, GUS, IDA = person(5), person(6), person(7), person(8)
WAD = 10**18
ROOT = "ab" * 32
DAY = 86_400
BOND = 7


def act(bench: Bench, who: KeySigner, action: Action) -> Any:
    """Send, and give the one event that most actions leave."""
    (event,) = bench.ledger.send(action, signer=who).events
    return event


def code_of(bench: Bench, who: KeySigner, action: Action) -> str:
    """Send what must be refused, and give the rule's name; nothing may be recorded."""
    before = bench.ledger.events()
    with pytest.raises(LedgerRefusedError) as refusal:
        bench.ledger.send(action, signer=who)
    assert bench.ledger.events() == before
    assert refusal.value.hint
    return refusal.value.code


def open_toy(bench: Bench, *, closes_in: int | None = None, **rules: Any) -> None:
    """A challenge with two steps under these rules, one evaluator being the quorum."""
    closes_at = 0 if closes_in is None else bench.clock.now + closes_in
    judges = (OWNER.address, JUDGE.address)
    act(bench, OWNER, RegisterChallenge("toy", "m", judges, closes_at=closes_at, **rules))
    act(bench, OWNER, RegisterStep("toy", "fit", "s", "maximise", 0))
    act(bench, OWNER, RegisterStep("toy", "loss", "s", "minimise", 0))


def open_panel(bench: Bench, **rules: Any) -> None:
    """A challenge that three of four evaluators judge, with a bond and two days to dispute."""
    judges = tuple(e.address for e in (EVA, FAY, GUS, IDA))
    wanted = {"quorum": 3, "reveal_s": 600, "dispute_s": 2 * DAY, "bond_wei": BOND, "pot": 100}
    act(bench, OWNER, RegisterChallenge("toy", "m", judges, **{**wanted, **rules}))
    act(bench, OWNER, RegisterStep("toy", "fit", "s", "maximise", 1, 2))


def score(bench: Bench, who: KeySigner, *figures: int) -> Any:
    """The owner's baseline, or another's work, scored by the one evaluator that is needed."""
    number = offer(bench, who)
    return act(bench, JUDGE, Score(number, *figures, "r"))


def offer(
    bench: Bench,
    who: KeySigner,
    *,
    step: str = "fit",
    parents: tuple[int, ...] = (),
    cid: str = "c",
) -> int:
    """Claim, commit and reveal; give the submission's number."""
    act(bench, who, Claim("toy", step, 600))
    return hand_in(bench, Work(who, "toy", step, cid, parents))


def hand_in(bench: Bench, work: Work) -> int:
    """Commit and reveal."""
    number = int(act(bench, work.who, work.commit()).submission_id)
    act(bench, work.who, work.reveal(number))
    return number


def word_of(bench: Bench, number: int) -> str:
    """What the contract holds of a submission's commitments."""
    return bytes(bench.ledger.read("ledger", "submissionOf", number)[8]).hex()


def panel(bench: Bench, number: int, *figures: int, version: int = 0) -> Panel:
    """Eva, Fay and Gus, and what they found; chained onto what the contract holds now."""
    found = tuple(zip((EVA, FAY, GUS), figures, strict=False))
    return Panel(number, found, word_of(bench, number), version)


def judge(bench: Bench, number: int, *figures: int) -> tuple[Any, ...]:
    """A whole round; give the events of its opening."""
    made = panel(bench, number, *figures)
    act(bench, ANN, made.commit(bench.ledger))
    return bench.ledger.send(made.reveal(), signer=ANN).events

"""What no honest ledger tells is named, whoever serves the events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coopt_dag.evaluation.verify.divergence import KINDS, Divergence
from coopt_dag.evaluation.verify.judgements import check_judgements
from coopt_dag.evaluation.verify.task import Task
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.hashing import commitment_of, opening_hash
from coopt_dag.ledger.memory import MemoryLedger, MemorySigner
from coopt_dag.ledger.state import project
from coopt_dag.model.wad import WAD

LAB, EVA, ADA = (MemorySigner("0x" + letter * 40) for letter in "1ea")
SALT = "22" * 32
CID = "bafkreih3a5ssw4pqef33vk5fdz6fpdavszgwfhckto2f4ny2hp423sdfhi"
Events = tuple[ev.Event, ...]


def offered(ledger: MemoryLedger, who: MemorySigner) -> int:
    if who is ADA:
        ledger.send(ac.Claim("toy", "fit", 86_400), signer=who)
    promise = commitment_of(("toy", "fit"), who.address, CID, (), SALT)
    (event,) = ledger.send(ac.Commit("toy", "fit", promise), signer=who).events
    assert isinstance(event, ev.Committed)
    ledger.send(ac.Reveal(event.submission_id, CID, (), SALT), signer=who)
    return event.submission_id


def judged(ledger: MemoryLedger, number: int, scores: tuple[int, int]) -> None:
    """Two evaluators commit; the second shows its opening on the ledger; both are revealed."""
    openings = [
        ac.Opening(who.address, score, score, "", CID, SALT)
        for who, score in zip((LAB, EVA), scores, strict=True)
    ]
    base = ""
    for who, opening in zip((LAB, EVA), openings, strict=True):
        mine = ac.ScoreCommitment(who.address, opening_hash(number, opening))
        (event,) = ledger.send(ac.CommitScores(number, (mine,)), signer=who).events
        assert isinstance(event, ev.ScoresCommitted)
        base = base or event.base
    promises = tuple(ac.ScoreCommitment(o.evaluator, opening_hash(number, o)) for o in openings)
    ledger.send(ac.PublishOpening(number, base, promises, openings[1]), signer=EVA)
    ledger.send(ac.RevealScores(number, base, tuple(openings)), signer=LAB)


@pytest.fixture(scope="module")
def honest() -> Events:
    """A quorum of two scores the owner's baseline and Ada's better submission."""
    ledger = MemoryLedger(lambda: 1000)
    judges = (LAB.address, EVA.address)
    ledger.send(ac.RegisterChallenge("toy", CID, judges, quorum=2), signer=LAB)
    ledger.send(ac.RegisterStep("toy", "fit", CID, "minimise", 0, 10 * WAD), signer=LAB)
    judged(ledger, offered(ledger, LAB), (9 * WAD, 9 * WAD))
    judged(ledger, offered(ledger, ADA), (5 * WAD, 6 * WAD))
    return tuple(ledger.events())


def first(events: Events) -> Divergence | None:
    task = Task(None, "toy", 0, events, project(()), 1, print)  # type: ignore[arg-type]
    return next(check_judgements(task), None)


def changed(events: Events, kind: type, **values: Any) -> Events:
    """Change the last event of a kind."""
    at = max(i for i, e in enumerate(events) if isinstance(e, kind))
    return (*events[:at], replace(events[at], **values), *events[at + 1 :])


def without(events: Events, fits: Callable[[Any], bool]) -> Events:
    return tuple(e for e in events if not fits(e))


def test_an_honest_quorum_is_not_doubted(honest: Events):
    assert any(isinstance(e, ev.Scored) and e.is_record for e in honest)
    assert first(honest) is None


@pytest.mark.parametrize(
    ("kind", "tamper", "where"),
    [
        (
            "forged_attestation",
            lambda e: changed(e, ev.Attested, evaluator=ADA.address),
            "submission 2",
        ),
        (
            "forged_attestation",
            lambda e: changed(e, ev.ScoresCommitted, evaluators=(ADA.address,)),
            "submission 2",
        ),
        (
            "forged_attestation",
            lambda e: without(e, lambda x: isinstance(x, ev.Attested) and x.submission_id == 2),
            "submission 2",
        ),
        (
            "forged_attestation",
            lambda e: changed(e, ev.OpeningPublished, score_wad=4 * WAD),
            f"opening of {EVA.address}",
        ),
        ("changed_score", lambda e: changed(e, ev.Scored, score_wad=WAD), "score_wad"),
        ("changed_score", lambda e: changed(e, ev.Scored, before_wad=99 * WAD), "before_wad"),
        (
            "dropped_submission",
            lambda e: without(e, lambda x: getattr(x, "submission_id", 0) == 1),
            "submission 1",
        ),
        (
            "dropped_submission",
            lambda e: without(e, lambda x: isinstance(x, ev.Submitted) and x.submission_id == 2),
            "submission 2",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_quorum_did_not_do_is_named(
    honest: Events, kind: str, tamper: Callable[[Events], Events], where: str
):
    found = first(tamper(honest))
    assert found is not None
    assert (found.kind, where in found.where) == (kind, True), found


def test_a_retired_evaluator_judges_no_more():
    ledger = MemoryLedger(lambda: 1000)
    ledger.send(ac.RegisterChallenge("toy", CID, (LAB.address,)), signer=LAB)
    ledger.send(ac.RegisterStep("toy", "fit", CID, "minimise", 0), signer=LAB)
    number = offered(ledger, LAB)
    ledger.send(ac.Score(number, WAD, WAD, CID), signer=LAB)
    events = tuple(ledger.events())
    assert first(events) is None
    gone = ev.EvaluatorRetired(
        challenge="toy", evaluator=LAB.address, until=999, **_where(events[1])
    )
    found = first((*events[:2], gone, *events[2:]))
    assert found is not None
    assert (found.kind, found.found) == ("forged_attestation", LAB.address)


def _where(event: ev.Event) -> dict[str, Any]:
    return {n: getattr(event, n) for n in ("seq", "block", "time", "tx_hash", "actor")}


def test_every_kind_is_a_word_of_its_own():
    assert len(set(KINDS)) == len(KINDS) == 10

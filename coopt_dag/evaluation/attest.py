"""An evaluator among others: it commits to what it found before it can learn what they found.

What it found is kept here, privately, until the ledger has judged. Each call of `advance` takes
the next step that the ledger allows, so that a killed service goes on where it was: commit; when
the quorum is complete, show the opening; who shows the last one reveals them all; when the time is
over, end the round, and commit anew.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger.actions import (
    CommitScores,
    ExpireRound,
    Opening,
    PublishOpening,
    Reject,
    RevealScores,
    Score,
    ScoreCommitment,
)
from coopt_dag.ledger.hashing import opening_hash
from coopt_dag.ledger.whole import write_whole
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.actions import Action
    from coopt_dag.ledger.state import LedgerState, Round, Submission

ROOM = "openings"
SCHEMA = "coopt/opening/1"

# Somebody else was faster; the ledger, read again, tells what is left to do.
_OVERTAKEN = {
    "AlreadyCommitted",
    "AlreadyJudged",
    "AlreadyRevealed",
    "QuorumComplete",
    "QuorumIncomplete",
    "RoundNotOver",
    "ShutOut",
    "WrongOpenings",
}


def path_of(desk: Desk, number: int) -> Path:
    """Give the private file that keeps what was found of a submission."""
    who = desk.identity.address.removeprefix("0x")
    return desk.workspace.state_dir / ROOM / f"{number}-{who}.json"


def tell_ledger(
    desk: Desk, state: LedgerState, action: Score | Reject, *, metric_version: int
) -> None:
    """Judge alone, or begin to judge with the other evaluators of a quorum.

    `metric_version` is that by which it was judged: no other quorum counts it.
    """
    entry = state.submissions[action.submission_id]
    if state.challenges[entry.challenge].quorum == 1:
        desk.send(action)
    else:
        keep(desk, action, metric_version=metric_version)
        advance(desk, action.submission_id, lambda _line: None)


def keep(desk: Desk, verdict: Score | Reject, *, metric_version: int) -> Opening:
    """Keep a verdict as an opening with a salt of its own, before anybody hears of it."""
    opening = Opening(
        evaluator=desk.identity.address,
        score_wad=verdict.score_wad if isinstance(verdict, Score) else 0,
        e2e_score_wad=verdict.e2e_score_wad if isinstance(verdict, Score) else 0,
        reason=verdict.reason if isinstance(verdict, Reject) else "",
        report_cid=verdict.report_cid,
        salt=secrets.token_hex(32),
    )
    document = {"schema": SCHEMA, "metric_version": metric_version, **asdict(opening)}
    text = json.dumps(document, sort_keys=True, indent=1)
    write_whole(path_of(desk, verdict.submission_id), text, private=True)
    return opening


def kept(desk: Desk, submission: Submission, *, metric_version: int) -> Opening | None:
    """Give what was found of a submission by this version of the metric and not judged yet."""
    path = path_of(desk, submission.id)
    if not path.is_file():
        return None
    document = read_json(path.read_bytes())
    document.pop("schema")
    if document.pop("metric_version") != metric_version:
        return None
    return Opening(**document)


def forget(desk: Desk, number: int) -> None:
    """Drop what was found of a submission: the ledger has judged it."""
    path_of(desk, number).unlink(missing_ok=True)


def is_kept(desk: Desk, state: LedgerState, number: int) -> bool:
    """Tell whether a submission was run here by the metric in force."""
    entry = state.submissions[number]
    version = state.steps[entry.challenge, entry.step].metric_version
    return kept(desk, entry, metric_version=version) is not None


def advance(desk: Desk, number: int, tell: Callable[[str], None]) -> bool:
    """Take the steps towards a judgement that the ledger allows now.

    Returns
    -------
    bool
        Whether the submission is judged, or contested: there is nothing left to do here.
    """
    while True:
        state = desk.state()
        entry = state.submissions[number]
        if entry.status != "pending":
            forget(desk, number)
            return True
        version = state.steps[entry.challenge, entry.step].metric_version
        opening = kept(desk, entry, metric_version=version)
        if opening is None:
            return False
        quorum = state.challenges[entry.challenge].quorum
        step = _next(number, opening, state.rounds.get(number), quorum)
        if step is None:
            return False
        try:
            receipt = desk.send(step)
        except LedgerRefusedError as error:
            if error.code not in _OVERTAKEN:
                raise
            return False  # the next pass reads the ledger again
        tell(f"  submission {number}: {_words(step)}")
        if not receipt.events:  # signed for a relay: the ledger does not know of it yet
            return False


def _next(number: int, opening: Opening, known: Round | None, quorum: int) -> Action | None:
    links = () if known is None else known.links
    who = opening.evaluator
    if len(links) < quorum:
        if who in {e for e, _ in links}:
            return None
        mine = ScoreCommitment(who, opening_hash(number, opening))
        return CommitScores(number, (mine,))
    assert known is not None  # noqa: S101  # it has links
    shown = {o.evaluator: o for o in known.openings}
    if (who, opening_hash(number, opening)) in links:
        shown.setdefault(who, opening)
    if len(shown) == len(links):
        return RevealScores(number, known.base, tuple(shown[e] for e, _ in links))
    if who in shown and who not in {o.evaluator for o in known.openings}:
        promises = tuple(ScoreCommitment(e, c) for e, c in links)
        return PublishOpening(number, known.base, promises, opening)
    # Whether the time is over, the ledger's clock alone says: a quiet chain has no newer block.
    return ExpireRound(number)


def _words(step: Action) -> str:
    match step:
        case CommitScores():
            return "committed to what was found; it waits for the other evaluators"
        case PublishOpening():
            return "the quorum has committed; shown what was found"
        case ExpireRound():
            return "somebody did not show what it committed to; the round begins anew"
        case _:
            return "all is shown; judged"

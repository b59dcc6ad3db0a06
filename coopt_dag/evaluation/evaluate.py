"""Re-running what was offered: fetch, check, run, score, record; each submission once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.gate import is_record
from coopt_dag.errors import (
    ContentMissingError,
    ContentRefusedError,
    IntegrityError,
    NodeFailedError,
    ScoreInvalidError,
    SpecError,
)
from coopt_dag.evaluation.outputs import keep_solutions, open_split, publish_outputs, solution_cids
from coopt_dag.evaluation.pipeline import edges_of, score_pipeline
from coopt_dag.graph.order import descendants
from coopt_dag.ledger.actions import Reject, Rescore, Score
from coopt_dag.ledger.events import Scored
from coopt_dag.model.wad import from_wad, to_wad
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.store.folders import add_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.errors import CooptError
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.pipeline import Scores
    from coopt_dag.ledger.state import LedgerState, Submission
    from coopt_dag.specs.loaded import LoadedChallenge

REASONS: dict[type[CooptError], str] = {
    SpecError: "invalid_spec",
    NodeFailedError: "failed",
    ScoreInvalidError: "invalid_score",
    ContentRefusedError: "refused_content",
}
"""Which class a contributor sees for a failure that is the submission's own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one submission; scores are exact decimal texts."""

    submission_id: int
    challenge: str
    step: str
    contributor: str
    solution_cid: str
    status: str
    """record, no_gain or rejected."""
    before: str | None
    after: str | None
    improvement: str | None
    e2e_before: str | None
    e2e_after: str | None
    reason: str
    tx_hash: str
    executed: int
    reused: int

    def to_json(self) -> dict[str, Any]:
        """Give the verdict as plain data."""
        return asdict(self)


def evaluate_pending(
    desk: Desk,
    *,
    cores: int,
    tell: Callable[[str], None],
    challenge: str | None = None,
) -> list[Verdict]:
    """Score every pending submission in the order of the ledger.

    Infrastructure failures (content not in the store, a missing data set, the ledger away)
    end the call and leave the submission pending; a failure of the submission rejects it.
    """
    desk.identity  # noqa: B018  # refuse before anything runs
    verdicts = []
    for submission in desk.state().pending:
        if challenge is not None and submission.challenge != challenge:
            continue
        tell(f"evaluating submission {submission.id}: {submission.challenge}/{submission.step}")
        verdicts.append(_evaluate(desk, submission, cores=cores, tell=tell))
    return verdicts


def _evaluate(
    desk: Desk, submission: Submission, *, cores: int, tell: Callable[[str], None]
) -> Verdict:
    challenge = load_challenge(desk.workspace, submission.challenge)
    state = desk.state()
    try:
        candidate = desk.solution(submission.solution_cid)
        pipeline = desk.record_pipeline(challenge, state) | {submission.step: candidate}
        # The hidden split alone decides the score. The public one runs with it, for its outputs
        # are published after a record; a solution that fails there is no basis to build on, so
        # that it is rejected like one that fails on the hidden split.
        scores = score_pipeline(
            desk.workspace,
            challenge,
            pipeline,
            split=challenge.spec.end_to_end.record_split,
            also=open_split(challenge),
            believe=False,
            cores=cores,
        )
    except (ContentMissingError, IntegrityError):
        raise
    except tuple(REASONS) as error:
        tell(f"  rejected: {error}")
        return _reject(desk, submission, error)
    verdict = _record(desk, challenge, state, submission, scores, tell=tell)
    if verdict.status == "record":
        keep_solutions(desk, pipeline)
    return verdict


def _reject(desk: Desk, submission: Submission, error: CooptError) -> Verdict:
    reason = next(text for cls, text in REASONS.items() if isinstance(error, cls))
    report = _report(desk, {"submission": submission.id, "error": error.to_json()})
    receipt = desk.send(Reject(submission.id, reason, report))
    return _verdict(submission, status="rejected", reason=reason, tx_hash=receipt.tx_hash)


def _verdict(submission: Submission, **known: Any) -> Verdict:
    empty: dict[str, Any] = dict.fromkeys(
        ("before", "after", "improvement", "e2e_before", "e2e_after")
    )
    rest = empty | {"reason": "", "executed": 0, "reused": 0} | known
    return Verdict(
        submission_id=submission.id,
        challenge=submission.challenge,
        step=submission.step,
        contributor=submission.contributor,
        solution_cid=submission.solution_cid,
        **rest,
    )


def _report(desk: Desk, document: dict[str, Any]) -> str:
    """Store an evaluation's report; give its CID."""
    text = json.dumps({"schema": "coopt/report/1"} | document, sort_keys=True, indent=1)
    return add_bytes(desk.store, text.encode() + b"\n", pin=True)


def _outputs(
    desk: Desk,
    challenge: LoadedChallenge,
    state: LedgerState,
    submission: Submission,
    scores: Scores,
) -> dict[str, Any]:
    """Publish the outputs of a record, and say in the report what was published, or why not.

    The report comes before the ledger's verdict, of which it is a part; so the same gate is asked
    here. If another evaluator is faster the two may differ, and nothing is harmed by it.
    """
    head = state.head(submission.challenge, submission.step)
    rules = state.steps[submission.challenge, submission.step]
    would_be_record = is_record(
        direction=rules.direction,
        before_wad=None if head is None else head.score_wad,
        after_wad=to_wad(scores.value(submission.step)),
        min_delta_wad=rules.min_delta_wad,
    )
    if not would_be_record:
        return {"outputs": {}, "no_outputs": "no record"}
    outputs = publish_outputs(desk, challenge, scores, solution_cids(challenge, state, submission))
    return {"outputs": outputs} | (
        {} if outputs else {"no_outputs": "the challenge has no public split"}
    )


def _record(
    desk: Desk,
    challenge: LoadedChallenge,
    state: LedgerState,
    submission: Submission,
    scores: Scores,
    *,
    tell: Callable[[str], None],
) -> Verdict:
    report = _report(
        desk,
        {
            "submission": submission.id,
            "plan": scores.plan_digest,
            "split": scores.split,
            "nodes": dict(scores.nodes),
            "steps": scores.steps,
            "end_to_end": scores.end_to_end,
        }
        | _outputs(desk, challenge, state, submission, scores),
    )
    after = to_wad(scores.value(submission.step))
    action = Score(submission.id, after, to_wad(scores.whole), report)
    receipt = desk.send(action)
    event = next(e for e in receipt.events if isinstance(e, Scored))
    if event.is_record:
        _rescore_downstream(desk, challenge, state, submission, scores)
    e2e_before = state.end_to_end_wad(submission.challenge)
    verdict = _verdict(
        submission,
        status="record" if event.is_record else "no_gain",
        before=None if event.before_wad is None else from_wad(event.before_wad),
        after=from_wad(after),
        improvement=from_wad(event.improvement_wad),
        e2e_before=None if e2e_before is None else from_wad(e2e_before),
        e2e_after=from_wad(action.e2e_score_wad),
        tx_hash=receipt.tx_hash,
        executed=scores.outcome.executed,
        reused=scores.outcome.reused,
    )
    tell(
        f"  {verdict.status}: {verdict.before or 'no head yet'} -> {verdict.after} "
        f"({verdict.executed} nodes executed, {verdict.reused} reused)"
    )
    return verdict


def _rescore_downstream(
    desk: Desk,
    challenge: LoadedChallenge,
    state: LedgerState,
    submission: Submission,
    scores: Scores,
) -> None:
    """Tell the ledger what the heads below a new record are worth in their new context."""
    for step in sorted(descendants(submission.step, edges_of(challenge))):
        head = state.head(submission.challenge, step)
        now = to_wad(scores.value(step))
        if head is not None and head.score_wad != now:
            action = Rescore(submission.challenge, step, now, submission.id)
            desk.send(action)

"""Re-running what was offered: fetch, check, run twice, score, record; each submission once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.gate import is_record
from coopt_dag.errors import CooptError, LedgerRefusedError, NodeFailedError, ScoreInvalidError
from coopt_dag.evaluation import attest, gate
from coopt_dag.evaluation.feedback import (
    IRREPRODUCIBLE,
    LOCAL_RECORD,
    NO_GAIN,
    TESTS_SPENT,
    Feedback,
    feedback_of,
    is_own_failure,
)
from coopt_dag.evaluation.outputs import keep_solutions, open_split, publish_outputs, solution_cids
from coopt_dag.evaluation.pipeline import edges_of, score_pipeline
from coopt_dag.evaluation.published import in_force
from coopt_dag.evaluation.reports import (
    keep_private,
    public_scores,
    publish_report,
    whole_account,
)
from coopt_dag.evaluation.reproducibility import Reproduction, reproduce
from coopt_dag.evaluation.rescoring import require_fresh, rescore, rescore_stale, stale_steps
from coopt_dag.evaluation.verdict import Verdict, verdict_of
from coopt_dag.graph.order import descendants
from coopt_dag.ledger.actions import Reject, Score
from coopt_dag.model.wad import to_wad
from coopt_dag.specs.challenge import load_challenge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from coopt_dag.credit.decide import Verdict as GateVerdict
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.pipeline import Scores
    from coopt_dag.ledger.state import HeadEntry, LedgerState, Submission
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution

__all__ = ["Verdict", "evaluate_one", "evaluate_pending", "finish"]


@dataclass(frozen=True, slots=True)
class _Case:
    """One submission on the desk, with what it is judged by."""

    desk: Desk
    challenge: LoadedChallenge
    submission: Submission
    cores: int
    data: Path | None
    version: int = 0
    """Of the step's metric, when the run began."""

    def begun(self, state: LedgerState) -> _Case:
        """Give the case by the metrics that are in force in `state`.

        Raises
        ------
        LedgerRefusedError
            The head was scored by an older metric: nothing can be compared with it.
        """
        require_fresh(state, self.submission.challenge, self.submission.step)
        loaded = in_force(self.desk, state, self.challenge)
        rules = state.steps[self.submission.challenge, self.submission.step]
        return replace(self, challenge=loaded, version=rules.metric_version)

    def heads(self, state: LedgerState) -> dict[str, tuple[HeadEntry | None, str]]:
        """Give heads and metrics that decide what the submission is compared and run with."""
        name, steps = self.challenge.spec.id, self.challenge.steps
        rules = {step: state.steps.get((name, step)) for step in steps}
        return {s: (state.head(name, s), r.spec_cid if r else "") for s, r in rules.items()}

    def score(self, pipeline: Mapping[str, LoadedSolution], *also: str) -> Scores:
        """Run a pipeline on the split that judges, and on others beside it."""
        return score_pipeline(
            self.desk.workspace,
            self.challenge,
            pipeline,
            splits=(self.challenge.spec.end_to_end.record_split, *also),
            cores=self.cores,
            data=self.data,
        )

    @property
    def logs(self) -> str:
        """Give the folder of the nodes' logs, relative to the workspace."""
        workspace = self.desk.workspace
        return (workspace.state_dir / "logs").relative_to(workspace.root).as_posix()


def evaluate_pending(
    desk: Desk,
    *,
    cores: int,
    tell: Callable[[str], None],
    challenge: str | None = None,
    data: Path | None = None,
) -> list[Verdict]:
    """Score every pending submission in the order of the ledger.

    `data` stands for the workspace's `data/`, where sealed data were opened.

    Infrastructure failures (content not in the store, a missing data set, the ledger away)
    end the call and leave the submission pending; a failure of the submission rejects it.
    """
    desk.identity  # noqa: B018  # refuse before anything runs
    for name in dict.fromkeys(c for c, _ in stale_steps(desk.state(), challenge)):
        rescore_stale(desk, name, cores=cores, tell=tell, data=data)
    verdicts, stale = [], set(stale_steps(desk.state()))
    for submission in desk.state().pending:
        if challenge not in {None, submission.challenge}:
            continue
        if (submission.challenge, submission.step) in stale:
            tell(f"submission {submission.id} waits until the record is scored anew by a quorum")
            continue
        tell(f"evaluating submission {submission.id}: {submission.challenge}/{submission.step}")
        verdicts.append(evaluate_one(desk, submission, cores=cores, tell=tell, data=data))
    return verdicts


def evaluate_one(
    desk: Desk,
    submission: Submission,
    *,
    cores: int,
    tell: Callable[[str], None],
    data: Path | None = None,
) -> Verdict:
    """Judge one pending submission and tell the ledger.

    Parameters
    ----------
    tell
        Takes lines about the progress: classes and counts, no text of the submission.
    data : Path, optional
        Folder that stands for the workspace's `data/`, where sealed data were opened.

    Raises
    ------
    CooptError
        A failure that is not the submission's; the ledger was told nothing.
    """
    present = desk.state()
    known = present.submissions[submission.id]
    if known.status != "pending":
        return verdict_of(known)
    if attest.is_kept(desk, present, known.id):  # it ran before, and waits for its quorum
        attest.advance(desk, known.id, tell)
        return verdict_of(desk.state().submissions[known.id])
    challenge = load_challenge(desk.workspace, submission.challenge)
    case = _Case(desk, challenge, submission, cores, data).begun(present)
    if gate.is_spent(challenge.spec.gate, present, known):
        return _reject(case, Feedback(TESTS_SPENT), {}, {"status": "rejected"}, tell)
    try:
        candidate = desk.solution(submission.solution_cid)
    except CooptError as error:
        return _failed(case, error, tell)
    while True:
        state = desk.state()
        case = case.begun(state)
        pipeline = desk.record_pipeline(challenge, state) | {submission.step: candidate}
        try:
            # The hidden split alone decides. The public one runs with it, for its outputs are
            # published after a record; a solution that fails there is no basis to build on.
            scores = case.score(pipeline, *filter(None, [open_split(challenge)]))
        except CooptError as error:
            return _failed(case, error, tell)
        reproduction = reproduce(
            desk.workspace,
            case.challenge,
            scores,
            submission.step,
            name=str(submission.id),
            cores=cores,
        )
        if case.heads(desk.state()) == case.heads(state):
            break
        tell("  the ledger moved meanwhile; judged again")
    return _judge(case, state, pipeline, scores, reproduction, tell)


def finish(
    desk: Desk,
    submission: Submission,
    *,
    cores: int,
    tell: Callable[[str], None],
    data: Path | None = None,
) -> None:
    """Do what must follow a record and may have been interrupted; a second call does nothing.

    The heads below it get the scores that they have in the present record pipeline, and the
    solutions of that pipeline are pinned. The nodes are there, so that little or nothing runs.
    The same follows when a record is struck: the heads below it see another solution again.
    """
    state = desk.state()
    if state.submissions[submission.id].status not in {"record", "struck"}:
        return
    challenge = in_force(desk, state, load_challenge(desk.workspace, submission.challenge))
    case = _Case(desk, challenge, submission, cores, data)
    pipeline = desk.record_pipeline(challenge, state)
    _follow(case, pipeline, case.score(pipeline), tell)


def _failed(case: _Case, error: CooptError, tell: Callable[[str], None]) -> Verdict:
    """Reject a submission that failed by itself; pass on every other failure."""
    folder = case.desk.content(case.submission.solution_cid)
    if not is_own_failure(error, folder=folder) or _is_of_another(case, error):
        raise error
    outputs = case.challenge.steps[case.submission.step].spec.outputs
    feedback = feedback_of(error, outputs=outputs)
    account = {"status": "rejected", "error": error.to_json(), "text": str(error)}
    return _reject(case, feedback, {}, account | {"logs": case.logs}, tell)


def _is_of_another(case: _Case, error: CooptError) -> bool:
    """Tell whether a node failed on which the candidate has no influence: a record above or beside.

    It ran well when it became one, so the fault is this machine's, and nobody is rejected for it.
    """
    if not isinstance(error, NodeFailedError) or error.step is None:
        return False
    own = case.submission.step
    return error.step not in {own, *descendants(own, edges_of(case.challenge))}


def _reject(
    case: _Case,
    feedback: Feedback,
    told: dict[str, Any],
    account: dict[str, Any],
    tell: Callable[[str], None],
) -> Verdict:
    place = keep_private(case.desk, case.submission.id, account | feedback.to_json())
    report = publish_report(case.desk, case.submission.id, feedback.to_json() | told)
    verdict, _ = _send(case, Reject(case.submission.id, feedback.reason, report))
    shown = place.relative_to(case.desk.workspace.root)
    if verdict.status == "pending":
        tell(f"  committed to '{feedback.reason}' (all about it, for you alone: {shown})")
        return verdict
    why = "" if verdict.reason == verdict.status else f": {verdict.reason}"
    tell(f"  {verdict.status}{why} (all about it, for you alone: {shown})")
    return verdict


def _judge(
    case: _Case,
    state: LedgerState,
    pipeline: Mapping[str, LoadedSolution],
    scores: Scores,
    reproduction: Reproduction,
    tell: Callable[[str], None],
) -> Verdict:
    """Give the verdict on a submission that ran to its end."""
    account = whole_account(scores, case.logs) | {"reproduction": reproduction.to_json()}
    if not reproduction.holds:
        opened = open_split(case.challenge)
        shown = [s.to_json() for s in reproduction.spreads if s.split == opened]
        told = {"spreads": shown}
        return _reject(case, Feedback(IRREPRODUCIBLE), told, account, tell)
    public = public_scores(case.challenge, scores)
    told = public | {"outputs": {}, "no_outputs": "no record"}
    if not _would_be_record(case, state, scores):
        return _reject(case, Feedback(NO_GAIN), told, account, tell)
    gated = _gated(case, state, pipeline, scores)
    if gated is not None:
        account |= {"gate": gate.account(gated)}
        if gated.outcome != "adopted":
            reason = NO_GAIN if gated.outcome == "refused" else LOCAL_RECORD
            return _reject(case, Feedback(reason), told, account, tell)
    keep_private(case.desk, case.submission.id, account | {"status": "record"})
    cids = solution_cids(case.challenge, state, case.submission)
    outputs = publish_outputs(case.desk, case.challenge, scores, cids)
    why = {} if outputs else {"no_outputs": "the challenge has no public split"}
    report = publish_report(case.desk, case.submission.id, public | {"outputs": outputs} | why)
    after, whole = to_wad(scores.value(case.submission.step)), to_wad(scores.whole)
    verdict, ours = _send(case, Score(case.submission.id, after, whole, report), scores)
    if verdict.status == "pending":
        tell("  committed to what was found; the other evaluators are awaited")
        return verdict
    tell(
        f"  {verdict.status}: {verdict.before or 'no head yet'} -> {verdict.after} "
        f"({verdict.executed} nodes executed, {verdict.reused} reused)"
    )
    if verdict.status == "record" and ours:
        _follow(case, pipeline, scores, tell)
    elif verdict.status == "record":
        finish(case.desk, case.submission, cores=case.cores, tell=tell, data=case.data)
    return verdict


def _would_be_record(case: _Case, state: LedgerState, scores: Scores) -> bool:
    """Ask the ledger's gate beforehand: a score that makes no record is told to nobody."""
    place = case.submission.challenge, case.submission.step
    head, rules = state.head(*place), state.steps[place]
    return is_record(
        direction=rules.direction,
        before_wad=None if head is None else head.score_wad,
        after_wad=to_wad(scores.value(case.submission.step)),
        min_delta_wad=rules.min_delta_wad,
    )


def _gated(
    case: _Case, state: LedgerState, pipeline: Mapping[str, LoadedSolution], scores: Scores
) -> GateVerdict | None:
    """Compare with the head example by example; None without a gate, or a head to compare with.

    What the whole does not adopt leaves the head where it is, so variants of it would pass again
    and again: each must also be better than the local record before it.
    """
    submission, challenge = case.submission, case.challenge
    head = state.head(submission.challenge, submission.step)
    if challenge.spec.gate is None or head is None or submission.is_baseline:
        return None
    workspace = case.desk.workspace

    def against(before: Scores) -> GateVerdict:
        return gate.judge(
            challenge,
            submission.step,
            before=before,
            after=scores,
            root=workspace.root,
            data=case.data or workspace.data_dir,
        )

    found = against(case.score(case.desk.record_pipeline(challenge, state)))
    rival = gate.latest_local(state, submission)
    if found.outcome != "local record only" or rival is None:
        return found
    rivals = dict(pipeline) | {submission.step: case.desk.solution(rival.solution_cid)}
    try:
        again = against(case.score(rivals))
    except (NodeFailedError, ScoreInvalidError):  # it ran with other heads, and is no rival now
        return found
    return again if again.outcome == "refused" else found


def _send(
    case: _Case, action: Score | Reject, scores: Scores | None = None
) -> tuple[Verdict, bool]:
    """Tell the ledger; if it was told before, that verdict is the one that counts.

    Returns
    -------
    verdict : Verdict
    ours : bool
        Whether it is by this very action.
    """
    state = case.desk.state()
    before = state.end_to_end_wad(case.submission.challenge)
    try:
        attest.tell_ledger(case.desk, state, action, metric_version=case.version)
    except LedgerRefusedError as error:
        if error.code != "AlreadyJudged":
            raise
        return verdict_of(case.desk.state().submissions[case.submission.id]), False
    verdict = verdict_of(
        case.desk.state().submissions[case.submission.id],
        e2e_before=before if isinstance(action, Score) else None,
        executed=scores.outcome.executed if scores else 0,
        reused=scores.outcome.reused if scores else 0,
    )
    return verdict, True


def _follow(
    case: _Case,
    pipeline: Mapping[str, LoadedSolution],
    scores: Scores,
    tell: Callable[[str], None],
) -> None:
    """Tell the ledger what the heads below a record are worth now; keep what it is made of."""
    state = case.desk.state()
    for step in sorted(descendants(case.submission.step, edges_of(case.challenge))):
        place = case.submission.challenge, step
        head, now = state.head(*place), to_wad(scores.value(step))
        if head is None or (head.score_wad == now and not state.steps[place].is_stale):
            continue
        if rescore(case.desk, state, place, now, because=case.submission.id, tell=tell):
            tell(f"  {step}: the record below it is worth another score now")
    keep_solutions(case.desk, pipeline)

"""The judgements that made no record, and heads' new scores: run again where they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.credit.gate import is_record
from coopt_dag.errors import CooptError
from coopt_dag.evaluation.feedback import NO_GAIN
from coopt_dag.evaluation.published import in_force
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.scores import run_again, score_at
from coopt_dag.evaluation.verify.task import is_near, tolerance_of
from coopt_dag.execution.planning import make_plan
from coopt_dag.execution.request import Request
from coopt_dag.ledger.events import HeadRescored, Rejected
from coopt_dag.model.wad import from_wad, to_wad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.evaluation.verify.hidden import Data
    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution


def check_others(task: Task, data: Data) -> Iterator[Divergence]:
    """Run again what was said to be no gain, and what heads were said to be worth anew.

    Where a challenge has a gate, a refusal is a matter of statistics and is not tried here. Nor is
    a submission whose solution nobody keeps any more.
    """
    if not data.has(data.challenge.spec.end_to_end.record_split):
        return
    for event in task.events:
        if not isinstance(event, (HeadRescored, Rejected)) or event.challenge != task.name:
            continue
        state = task.before(event.seq)
        challenge = in_force(task.desk, state, data.challenge)
        if isinstance(event, HeadRescored):
            if state.submissions[event.because].epoch == task.epoch:
                yield from _rescored(task, data, challenge, state, event)
        elif _can_be_tried(task, challenge, event):
            yield from _refused(task, data, challenge, state, event)


def _can_be_tried(task: Task, challenge: LoadedChallenge, event: Rejected) -> bool:
    is_ours = task.state.submissions[event.submission_id].epoch == task.epoch
    return is_ours and event.reason == NO_GAIN and challenge.spec.gate is None


def _rescored(
    task: Task,
    data: Data,
    challenge: LoadedChallenge,
    state: LedgerState,
    event: HeadRescored,
) -> Iterator[Divergence]:
    pipeline = task.desk.record_pipeline(challenge, state)
    run = _run(task, data, challenge, pipeline, event.step)
    if run is None:
        return
    task.counts.compared(event.new_wad, run)
    if not is_near(event.new_wad, run, challenge.steps[event.step].spec.metric):
        yield Divergence(
            kinds.CHANGED_SCORE,
            f"head of '{event.step}' after submission {event.because}, new_wad",
            from_wad(run),
            from_wad(event.new_wad),
            f"{event.actor} gave the head another score than the run gives",
            submission=event.because,
        )


def _refused(
    task: Task, data: Data, challenge: LoadedChallenge, state: LedgerState, event: Rejected
) -> Iterator[Divergence]:
    number = event.submission_id
    try:
        candidate = task.desk.solution(state.submissions[number].solution_cid)
    except CooptError as error:
        task.tell(f"submission {number} was refused and is not tried: {error.message}")
        return
    pipeline = task.desk.record_pipeline(challenge, state) | {event.step: candidate}
    run = _run(task, data, challenge, pipeline, event.step)
    head, rules = state.head(task.name, event.step), state.steps[task.name, event.step]
    tolerance = to_wad(tolerance_of(challenge.steps[event.step].spec.metric))
    if run is None or not is_record(
        direction=rules.direction,
        before_wad=None if head is None else head.score_wad,
        after_wad=run,
        min_delta_wad=rules.min_delta_wad + tolerance,
    ):
        return
    yield Divergence(
        kinds.DROPPED_SUBMISSION,
        f"submission {number} ('{event.step}')",
        f"a record: {from_wad(run)}, after {from_wad(head.score_wad) if head else 'nothing'}",
        f"'{event.reason}', by {event.actor}",
        "it was refused as no gain, and the run gives one",
        is_of_settlement=task.proposal is not None,
    )


def _run(
    task: Task,
    data: Data,
    challenge: LoadedChallenge,
    pipeline: Mapping[str, LoadedSolution],
    step: str,
) -> int | None:
    """Give a step's score in a pipeline; None if it fails."""
    split = challenge.spec.end_to_end.record_split
    plan = make_plan(
        *(task.desk.workspace, challenge, Request(task.name, splits=(split,))),
        overrides=pipeline,
        data_dir=data.folder,
    )
    run_again(task, plan)
    return score_at(task, plan, plan["pipelines"][0]["scores"][step])

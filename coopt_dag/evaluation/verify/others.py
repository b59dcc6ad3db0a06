"""The judgements that made no record, and heads' new scores: run again where they can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.gate import is_record
from coopt_dag.errors import CooptError
from coopt_dag.evaluation.feedback import NO_GAIN
from coopt_dag.evaluation.published import in_force
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.scores import run_together, score_at
from coopt_dag.evaluation.verify.task import is_near, tolerance_of
from coopt_dag.execution.planning import make_plan
from coopt_dag.execution.request import Request
from coopt_dag.ledger.events import HeadRescored, Rejected
from coopt_dag.model.wad import from_wad, to_wad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.evaluation.verify.hidden import Data
    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.ledger.entries import StepEntry
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution


@dataclass(frozen=True, slots=True)
class Trial:
    """A judgement with the plan of the pipeline that tells whether it is right."""

    event: HeadRescored | Rejected
    challenge: LoadedChallenge
    plan: Mapping[str, Any]
    before_wad: int | None
    """Score of the step's head then."""
    rules: StepEntry

    def run(self, task: Task) -> int | None:
        """Give the step's score; None if it fails."""
        key = self.plan["pipelines"][0]["scores"][self.event.step]
        return score_at(task, self.plan, key)


def check_others(task: Task, data: Data) -> Iterator[Divergence]:
    """Run again what was said to be no gain, and what heads were said to be worth anew.

    Where a challenge has a gate, a refusal is a matter of statistics and is not tried here. Nor is
    a submission whose solution nobody keeps any more.
    """
    if not data.has(data.challenge.spec.end_to_end.record_split):
        return
    trials = list(_trials(task, data))
    run_together(task, [trial.plan for trial in trials])
    for trial in trials:
        if isinstance(trial.event, HeadRescored):
            yield from _rescored(task, trial, trial.event)
        else:
            yield from _refused(task, trial, trial.event)


def _trials(task: Task, data: Data) -> Iterator[Trial]:
    for event in task.events:
        if not isinstance(event, (HeadRescored, Rejected)) or event.challenge != task.name:
            continue
        state = task.before(event.seq)
        if state.epoch(task.name) != task.epoch:
            continue  # it was judged by the data of another seal
        challenge = in_force(task.desk, state, data.challenge)
        pipeline = task.desk.record_pipeline(challenge, state)
        if isinstance(event, Rejected):
            candidate = _candidate(task, challenge, state, event)
            if candidate is None:
                continue
            pipeline |= {event.step: candidate}
        yield _trial(task, data, challenge, state, event, pipeline)


def _candidate(
    task: Task, challenge: LoadedChallenge, state: LedgerState, event: Rejected
) -> LoadedSolution | None:
    """Give what was refused; None if that cannot be tried."""
    if event.reason != NO_GAIN or challenge.spec.gate is not None:
        return None
    try:
        return task.desk.solution(state.submissions[event.submission_id].solution_cid)
    except CooptError as error:
        task.tell(f"submission {event.submission_id} is not tried: {error.message}")
        return None


def _trial(
    task: Task,
    data: Data,
    challenge: LoadedChallenge,
    state: LedgerState,
    event: HeadRescored | Rejected,
    pipeline: Mapping[str, LoadedSolution],
) -> Trial:
    split = challenge.spec.end_to_end.record_split
    plan = make_plan(
        *(task.desk.workspace, challenge, Request(task.name, splits=(split,))),
        overrides=pipeline,
        data_dir=data.folder,
    )
    head = state.head(task.name, event.step)
    before = None if head is None else head.score_wad
    return Trial(event, challenge, plan, before, state.steps[task.name, event.step])


def _rescored(task: Task, trial: Trial, event: HeadRescored) -> Iterator[Divergence]:
    run = trial.run(task)
    if run is None:
        return
    task.counts.compared(event.new_wad, run)
    if not is_near(event.new_wad, run, trial.challenge.steps[event.step].spec.metric):
        yield Divergence(
            kinds.CHANGED_SCORE,
            f"head of '{event.step}' after submission {event.because}, new_wad",
            from_wad(run),
            from_wad(event.new_wad),
            f"{event.actor} gave the head another score than the run gives",
            submission=event.because,
        )


def _refused(task: Task, trial: Trial, event: Rejected) -> Iterator[Divergence]:
    number, run = event.submission_id, trial.run(task)
    tolerance = to_wad(tolerance_of(trial.challenge.steps[event.step].spec.metric))
    if run is None or not is_record(
        direction=trial.rules.direction,
        before_wad=trial.before_wad,
        after_wad=run,
        min_delta_wad=trial.rules.min_delta_wad + tolerance,
    ):
        return
    before = "nothing" if trial.before_wad is None else from_wad(trial.before_wad)
    yield Divergence(
        kinds.DROPPED_SUBMISSION,
        f"submission {number} ('{event.step}')",
        f"a record: {from_wad(run)}, after {before}",
        f"'{event.reason}', by {event.actor}",
        "it was refused as no gain, and the run gives one",
        is_of_settlement=task.proposal is not None,
    )

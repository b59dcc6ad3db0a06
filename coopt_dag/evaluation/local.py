"""What local records add: better by the metric of their step, but not adopted by the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import NodeFailedError, ScoreInvalidError
from coopt_dag.evaluation.pipeline import score_pipeline
from coopt_dag.evaluation.valuing import ladders_of
from coopt_dag.model.nano import NANO, to_nano

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from coopt_dag.evaluation.case import Case
    from coopt_dag.evaluation.epochs import Versions
    from coopt_dag.execution.run import Progress
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedSolution


def local_gains(
    case: Case, *, cores: int, listener: Callable[[Progress], None] | None = None
) -> dict[int, int]:
    """Give what each local record adds to what is there, in 1e-9 of its step's remaining error.

    Each runs in the final pipeline in place of its step's adopted version. In the order of their
    submissions, each is paid for what it adds to the best before it, so that a copy adds nothing.
    """
    raised = [one for one in case.versions if one.local]
    if not raised:
        return {}
    gains: dict[int, int] = {}
    ladders = ladders_of(case.desk, case.challenge, case.versions)
    final = {step: ladder[-1] for step, ladder in ladders.items()}
    for one in raised:
        scores = [_score(case, final, one.step, cores=cores, listener=listener)]
        for submission in one.local:
            try:
                pipeline = final | {one.step: case.desk.solution(submission.solution_cid)}
                scores.append(_score(case, pipeline, one.step, cores=cores, listener=listener))
            except (NodeFailedError, ScoreInvalidError):
                scores.append(scores[0])  # what does not run here adds nothing, and stops nobody
        gains |= _rises(one, scores, case.challenge.steps[one.step].spec.metric)
    return gains


def _score(
    case: Case,
    pipeline: Mapping[str, LoadedSolution],
    step: str,
    *,
    cores: int,
    listener: Callable[[Progress], None] | None,
) -> float:
    found = score_pipeline(
        case.desk.workspace,
        case.challenge,
        pipeline,
        splits=(case.challenge.spec.end_to_end.final_split,),
        cores=cores,
        listener=listener,
        data=case.data,
    )
    return found.value(step)


def _rises(one: Versions, scores: Sequence[float], metric: Metric) -> dict[int, int]:
    nano = [to_nano(score, direction=metric.direction) for score in scores]
    left = to_nano(metric.best, direction=metric.direction) - nano[0]
    gains, best = {}, nano[0]
    for submission, score in zip(one.local, nano[1:], strict=True):
        rise = max(0, score - best)
        gains[submission.id] = min(NANO, rise * NANO // left) if left > 0 else 0
        best = max(best, score)
    return gains

"""A contributor's own look: candidate against baseline and record, on public data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import DataMissingError
from coopt_dag.evaluation.outputs import open_split
from coopt_dag.evaluation.pipeline import score_pipeline
from coopt_dag.evaluation.published import in_force
from coopt_dag.evaluation.submit import place_of
from coopt_dag.model.metric import better_by
from coopt_dag.specs.challenge import load_solution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.run import Progress
    from coopt_dag.specs.loaded import LoadedChallenge


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the comparison."""

    who: str
    step_score: float
    end_to_end: float
    gain: float
    """Of the candidate over this row, in the metric's unit."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `coopt check` prints."""

    step: str
    split: str
    metric: str
    unit: str
    direction: str
    min_delta: float
    lines: tuple[Line, ...]
    believed: int = 0
    """Nodes that somebody else ran (`coopt reuse`), in the run that has most of them."""

    @property
    def would_be_record(self) -> bool:
        """Tell whether the candidate beats the record on these data by more than min_delta."""
        return self.lines[-1].gain > self.min_delta


def public_split(challenge: LoadedChallenge) -> str:
    """Give the first split whose truth everybody may see."""
    split = open_split(challenge)
    if split is None:
        raise DataMissingError(
            f"challenge '{challenge.spec.id}' has no public split", hint="ask its owner for one"
        )
    return split


def check(
    desk: Desk,
    challenge: LoadedChallenge,
    folder: Path,
    *,
    cores: int,
    listener: Callable[[Progress], None] | None = None,
    cage: Level = "strong",
) -> Comparison:
    """Score a solution folder inside the record pipeline, beside baseline and record.

    The metrics are those in force on the ledger, whatever the workspace has.
    """
    step, state = place_of(challenge, folder), desk.state()
    challenge = in_force(desk, state, challenge)
    loaded = challenge.steps[step]
    records = desk.record_pipeline(challenge, state)
    rows = {
        "candidate": load_solution(folder),
        "baseline": loaded.solutions["baseline"],
        "record": records[step],
    }
    split, metric = public_split(challenge), loaded.spec.metric
    found = {
        who: score_pipeline(
            desk.workspace,
            challenge,
            records | {step: solution},
            splits=(split,),
            believe=True,
            cores=cores,
            listener=listener,
            cage=cage,
        )
        for who, solution in rows.items()
    }
    mine = found["candidate"].value(step)
    lines = tuple(
        Line(
            who,
            scores.value(step),
            scores.whole,
            better_by(metric, before=scores.value(step), after=mine),
        )
        for who, scores in found.items()
    )
    return Comparison(
        step,
        split,
        metric.name,
        metric.unit,
        metric.direction,
        metric.min_delta,
        lines,
        believed=max(scores.outcome.believed for scores in found.values()),
    )

"""Does a solution's score stay what it is? The same seed, the same inputs, another run."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError, ScoreInvalidError
from coopt_dag.evaluation.pipeline import run_plan
from coopt_dag.execution.harness.publish import discard
from coopt_dag.execution.nodes import locked
from coopt_dag.graph.keys import digest
from coopt_dag.graph.order import descendants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from coopt_dag.evaluation.pipeline import Scores
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

END_TO_END = "end_to_end"
ROOM = "repeats"
"""Folder of the private state where repeats run; nothing stays in it."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One score over all runs: of a step or `end_to_end`, on one split, in the metric's unit."""

    score: str
    split: str
    values: tuple[float, ...]
    tolerance: float

    @property
    def width(self) -> float:
        """Give the largest value minus the smallest.

        >>> Spread("add", "public", (1.0, 3.5, 2.0), tolerance=0.1).width
        2.5
        """
        return max(self.values) - min(self.values)

    @property
    def within(self) -> bool:
        """Tell whether the runs agree to within the metric's tolerance."""
        return self.width <= self.tolerance

    def to_json(self) -> dict[str, Any]:
        """Give what a report says of it: the width, not the values."""
        return {
            "score": self.score,
            "split": self.split,
            "runs": len(self.values),
            "spread": self.width,
            "tolerance": self.tolerance,
        }


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What repeated runs showed; `failure` is the text of a run that failed, for the evaluator."""

    spreads: tuple[Spread, ...] = ()
    failure: dict[str, Any] | None = field(default=None)

    @property
    def holds(self) -> bool:
        """Tell whether all runs succeeded and agree."""
        return self.failure is None and all(s.within for s in self.spreads)

    def to_json(self) -> dict[str, Any]:
        """Give everything, hidden values too: for the evaluator alone."""
        rows = [s.to_json() | {"values": list(s.values)} for s in self.spreads]
        return {"holds": self.holds, "spreads": rows, "failure": self.failure}


def reproduce(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    scores: Scores,
    step: str,
    *,
    name: str,
    cores: int,
) -> Reproduction:
    """Run a step's solution, and all below it, as often as the step asks for.

    The first run counts: `repeats: 2` means one more. What lies above comes from the node store.

    Parameters
    ----------
    name : str
        Names the folder of the repeats, which is gone afterwards.

    Raises
    ------
    IsolationError, EnvironmentBuildError
        The repeat could not be run, for a reason that is not the solution's.
    """
    documents: list[Mapping[str, Any]] = [scores.by_split]
    with _room(workspace.state_dir / ROOM) as room:
        for _ in range(challenge.steps[step].spec.repeats - 1):
            plan = repeat_plan(scores.plan, step, room / name, workspace.root)
            try:
                outcome = run_plan(workspace, plan, cores=cores)
            except (NodeFailedError, ScoreInvalidError) as error:
                return Reproduction(_spreads(challenge, step, documents), error.to_json())
            finally:
                discard(room / name)
            documents.append(outcome.document["pipelines"][0]["splits"])
    return Reproduction(_spreads(challenge, step, documents))


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    """Hold the room of repeats; what is in it then was left by a kill, and goes."""
    with locked(folder):
        for left in folder.iterdir():
            if left.is_dir():
                discard(left)
        yield folder


def repeat_plan(plan: Mapping[str, Any], step: str, folder: Path, root: Path) -> dict[str, Any]:
    """Plan the same nodes once more in a folder of their own; those above stay where they are."""
    nodes = plan["nodes"]
    edges = [(above, key) for key, node in nodes.items() for above, _ in node["sources"] if above]
    own = {pipeline["nodes"][step] for pipeline in plan["pipelines"]}
    again = own.union(*(descendants(key, edges) for key in own))
    state = folder.relative_to(root).as_posix()
    changed = {
        "store": f"{state}/store",
        "state": state,
        "elsewhere": {key: plan["store"] for key in nodes if key not in again},
    }
    return dict(plan) | changed | {"digest": digest([plan["digest"], changed])}


def _spreads(
    challenge: LoadedChallenge, step: str, documents: list[Mapping[str, Any]]
) -> tuple[Spread, ...]:
    if len(documents) < 2:
        return ()
    tolerances = {
        step: challenge.steps[step].spec.metric.tolerance,
        END_TO_END: challenge.spec.end_to_end.metric.tolerance,
    }
    return tuple(
        Spread(score, split, tuple(_value(d[split], score) for d in documents), tolerance)
        for split in documents[0]
        for score, tolerance in tolerances.items()
    )


def _value(found: Mapping[str, Any], score: str) -> float:
    entry = found[END_TO_END] if score == END_TO_END else found["steps"][score]
    return float(entry["value"])

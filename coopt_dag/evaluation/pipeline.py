"""Running one configuration of a challenge and reading its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.planning import make_plan, write_plan
from coopt_dag.execution.request import Request
from coopt_dag.execution.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopt_dag.execution.outcome import Outcome
    from coopt_dag.execution.run import Progress
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedWorkspace


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one pipeline on one split, with what it took to get them."""

    split: str
    steps: Mapping[str, Mapping[str, Any]]
    end_to_end: Mapping[str, Any]
    nodes: Mapping[str, str]
    outcome: Outcome
    plan_digest: str

    def value(self, step: str) -> float:
        """Give a step's ranking score."""
        return float(self.steps[step]["value"])

    @property
    def whole(self) -> float:
        """Give the end-to-end score."""
        return float(self.end_to_end["value"])


def score_pipeline(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    pipeline: Mapping[str, LoadedSolution],
    *,
    split: str,
    cores: int,
    listener: Callable[[Progress], None] | None = None,
) -> Scores:
    """Run a pipeline on a split; whatever the store already holds is not run again.

    Raises
    ------
    NodeFailedError, ScoreInvalidError
        A step crashed, wrote an invalid output, or has no valid score.
    """
    request = Request(challenge.spec.id, splits=(split,))
    plan = make_plan(workspace, challenge, request, overrides=pipeline)
    path = workspace.state_dir / "plans" / f"{plan['digest']}.json"
    write_plan(plan, path)
    outcome = run(plan, workspace.root, path, cores=cores, listener=listener, keep_results=False)
    found = outcome.document["pipelines"][0]["splits"][split]
    return Scores(
        split, found["steps"], found["end_to_end"], found["nodes"], outcome, plan["digest"]
    )

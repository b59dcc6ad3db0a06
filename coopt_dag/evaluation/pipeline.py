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
    nodes_on: Mapping[str, Mapping[str, str]]
    """Split → step → key of the node that answers it."""
    outcome: Outcome
    plan_digest: str

    @property
    def nodes(self) -> Mapping[str, str]:
        """Give the node of each step on the split that was scored."""
        return self.nodes_on[self.split]

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
    also: str | None = None,
    believe: bool = False,
    cores: int,
    listener: Callable[[Progress], None] | None = None,
) -> Scores:
    """Run a pipeline on a split; whatever the store already holds is not run again.

    Parameters
    ----------
    also
        Another split to run with it; it is not what the scores are of, but it must not fail.
    believe : bool
        Take nodes that were brought from elsewhere (`coopt reuse`) for good; a judge does not.

    Raises
    ------
    NodeFailedError, ScoreInvalidError
        A step crashed, wrote an invalid output, or has no valid score.
    """
    splits = (split,) if also in {None, split} else (split, str(also))
    request = Request(challenge.spec.id, splits=splits)
    plan = make_plan(workspace, challenge, request, overrides=pipeline)
    path = workspace.state_dir / "plans" / f"{plan['digest']}.json"
    write_plan(plan, path)
    outcome = run(
        plan,
        workspace.root,
        path,
        cores=cores,
        listener=listener,
        keep_results=False,
        believe=believe,
    )
    by_split = outcome.document["pipelines"][0]["splits"]
    found, nodes = by_split[split], {name: entry["nodes"] for name, entry in by_split.items()}
    return Scores(split, found["steps"], found["end_to_end"], nodes, outcome, plan["digest"])


def edges_of(challenge: LoadedChallenge) -> list[tuple[str, str]]:
    """Give the edges between steps, without those from data."""
    return [
        (e.source.split(".")[0], e.target.split(".")[0])
        for e in challenge.spec.edges
        if not e.source.startswith("data.")
    ]

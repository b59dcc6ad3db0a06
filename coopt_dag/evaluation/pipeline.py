"""Running one configuration of a challenge and reading its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.planning import make_plan, write_plan
from coopt_dag.execution.request import Request
from coopt_dag.execution.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.outcome import Outcome
    from coopt_dag.execution.run import Progress
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedWorkspace


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one pipeline on one split, with what it took to get them."""

    split: str
    by_split: Mapping[str, Any]
    """Split → nodes, steps, end_to_end, for every split that ran."""
    outcome: Outcome
    plan: Mapping[str, Any]

    @property
    def steps(self) -> Mapping[str, Mapping[str, Any]]:
        """Give each step's score."""
        return dict(self.by_split[self.split]["steps"])

    @property
    def end_to_end(self) -> Mapping[str, Any]:
        """Give the score of the whole pipeline, with all that its metric returned."""
        return dict(self.by_split[self.split]["end_to_end"])

    def nodes_on(self, split: str) -> Mapping[str, str]:
        """Give the node of each step on a split."""
        return dict(self.by_split[split]["nodes"])

    def value(self, step: str) -> float:
        """Give a step's ranking score."""
        return float(self.steps[step]["value"])

    @property
    def whole(self) -> float:
        """Give the end-to-end score."""
        return float(self.end_to_end["value"])


def score_pipeline(  # noqa: PLR0913  # each is a question of its own, all but three have answers
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    pipeline: Mapping[str, LoadedSolution],
    *,
    splits: tuple[str, ...],
    believe: bool = False,
    cores: int,
    listener: Callable[[Progress], None] | None = None,
    data: Path | None = None,
    cage: Level = "strong",
) -> Scores:
    """Run a pipeline on splits; whatever the store already holds is not run again.

    Parameters
    ----------
    splits
        The scores are of the first one; the others run with it, and must not fail.
    believe : bool
        Take nodes that were brought from elsewhere (`coopt reuse`) for good; a judge does not.
    data : Path, optional
        Folder that stands for the workspace's `data/`.
    cage : str
        How what runs now is caged; a judge asks for nothing but strong.

    Raises
    ------
    NodeFailedError, ScoreInvalidError
        A step crashed, wrote an invalid output, or has no valid score.
    """
    request = Request(challenge.spec.id, splits=tuple(dict.fromkeys(splits)))
    plan = make_plan(workspace, challenge, request, overrides=pipeline, data_dir=data)
    outcome = run_plan(workspace, plan, cores=cores, believe=believe, listener=listener, cage=cage)
    return Scores(splits[0], outcome.document["pipelines"][0]["splits"], outcome, plan)


def run_plan(
    workspace: LoadedWorkspace,
    plan: Mapping[str, Any],
    *,
    cores: int,
    believe: bool = False,
    listener: Callable[[Progress], None] | None = None,
    cage: Level = "strong",
) -> Outcome:
    """Run a plan without touching `results/`; its file lies in the plan's own state."""
    path = workspace.root / plan["state"] / "plans" / f"{plan['digest']}.json"
    write_plan(dict(plan), path)
    return run(
        plan,
        workspace.root,
        path,
        cores=cores,
        listener=listener,
        keep_results=False,
        believe=believe,
        cage=cage,
    )


def edges_of(challenge: LoadedChallenge) -> list[tuple[str, str]]:
    """Give the edges between steps, without those from data."""
    return [
        (e.source.split(".")[0], e.target.split(".")[0])
        for e in challenge.spec.edges
        if not e.source.startswith("data.")
    ]

"""The value table of an epoch: every configuration that credit needs, run once, scored on the end.

All configurations are one content-addressed plan, so what they share runs once, what an earlier
run left is not run again, and a run that was killed goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError, ScoreInvalidError
from coopt_dag.evaluation.examples import read_losses
from coopt_dag.evaluation.pipeline import run_plan
from coopt_dag.execution.harness.job import SCORE_FILE, folder_of
from coopt_dag.execution.outcome import Outcome, preview
from coopt_dag.execution.planning import make_plan
from coopt_dag.execution.request import Request
from coopt_dag.execution.results import read_score
from coopt_dag.model.nano import to_nano

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from coopt_dag.credit.levels import Config
    from coopt_dag.credit.sampling import Plan
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.epochs import Versions
    from coopt_dag.execution.run import Progress
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution

Ladders = dict[str, tuple["LoadedSolution", ...]]
"""Step → its solutions by level, the base first."""


def ladders_of(desk: Desk, challenge: LoadedChallenge, versions: Sequence[Versions]) -> Ladders:
    """Fetch every version that an epoch adopted, and what stood before."""
    found = {}
    for one in versions:
        baseline = challenge.steps[one.step].solutions["baseline"]
        base = baseline if one.base is None else desk.solution(one.base.solution_cid)
        found[one.step] = (base, *(desk.solution(s.solution_cid) for s in one.adopted))
    return found


@dataclass(frozen=True, slots=True)
class Valuation:
    """A plan of configurations on one split, and what its runs left."""

    desk: Desk
    challenge: LoadedChallenge
    keys: Mapping[Config, str]
    """Configuration → the node that scores the whole of it."""
    plan: Mapping[str, Any]
    chosen: Plan
    """How the configurations were chosen."""

    @property
    def base(self) -> Config:
        """Give the configuration that the epoch began with."""
        return min(self.keys)

    @property
    def final(self) -> Config:
        """Give the configuration with every adopted version."""
        return tuple(map(max, zip(*self.keys, strict=True)))

    @property
    def split(self) -> str:
        """Name the split that it scores on."""
        return str(self.plan["pipelines"][0]["split"])

    def preview(self) -> Outcome:
        """Count what is there and what would run."""
        return preview(self.plan, self.desk.workspace.root)

    def run(
        self, *, cores: int, listener: Callable[[Progress], None] | None = None
    ) -> Outcome | None:
        """Run what is missing; None if configurations failed (`failed` tells which).

        Raises
        ------
        NodeFailedError, ScoreInvalidError
            The baseline or the final configuration failed: nothing can be said about the others.
        """
        try:
            return run_plan(self.desk.workspace, self.plan, cores=cores, listener=listener)
        except (NodeFailedError, ScoreInvalidError):
            if not (self._is_scored(self.base) and self._is_scored(self.final)):
                raise
            return None

    def failed(self) -> frozenset[Config]:
        """Give the configurations that ran and have no score: a mixture that does not fit."""
        return frozenset(config for config in self.keys if not self._is_scored(config))

    def scores(self, failed: Set[Config]) -> dict[Config, int]:
        """Give each configuration's score in 1e-9, higher is better; a failed one adds nothing."""
        base = self._score(self.base)
        return {config: base if config in failed else self._score(config) for config in self.keys}

    def value(self, config: Config) -> float:
        """Give a configuration's score in the metric's unit."""
        return float(self._document(config)["value"])

    def losses(self, config: Config) -> NDArray[np.float64] | None:
        """Give a configuration's losses of single examples; None if its metric tells none."""
        name = self._document(config)["losses"]
        return None if name is None else read_losses(self._folder(config) / name)

    def _document(self, config: Config) -> dict[str, Any]:
        return read_score(self.plan, self.desk.workspace.root, self.keys[config])

    def _score(self, config: Config) -> int:
        direction = self.challenge.spec.end_to_end.metric.direction
        return to_nano(self.value(config), direction=direction)

    def _folder(self, config: Config) -> Path:
        return self.desk.workspace.root / folder_of(self.plan, self.keys[config])

    def _is_scored(self, config: Config) -> bool:
        return (self._folder(config) / SCORE_FILE).is_file()


def value_plan(
    desk: Desk,
    challenge: LoadedChallenge,
    ladders: Ladders,
    chosen: Plan,
    *,
    data: Path | None = None,
) -> Valuation:
    """Plan configurations on the split that tells the final score.

    Parameters
    ----------
    chosen : Plan
        Its configurations are levels in the order of the challenge's steps.
    data : Path, optional
        Folder that stands for the workspace's `data/`.
    """
    pipelines = [
        {step: ladder[level] for (step, ladder), level in zip(ladders.items(), c, strict=True)}
        for c in chosen.configs
    ]
    split = challenge.spec.end_to_end.final_split
    plan = make_plan(
        desk.workspace,
        challenge,
        Request(challenge.spec.id, splits=(split,)),
        configurations=pipelines,
        data_dir=data,
    )
    ends = [pipeline["end_to_end"] for pipeline in plan["pipelines"]]
    return Valuation(desk, challenge, dict(zip(chosen.configs, ends, strict=True)), plan, chosen)

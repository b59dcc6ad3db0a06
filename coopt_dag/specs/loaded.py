"""What the rest of the house gets from `specs`: models with their folders and hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.model.challenge import Challenge
    from coopt_dag.model.solution import Solution
    from coopt_dag.model.step import Step
    from coopt_dag.model.workspace import Workspace
    from coopt_dag.specs.read import AnyType


@dataclass(frozen=True, slots=True)
class LoadedWorkspace:
    """A folder with a valid `coopt.toml`."""

    root: Path
    """Absolute."""
    spec: Workspace

    @property
    def steps_dir(self) -> Path:
        """Folder of the challenges."""
        return self.root / self.spec.paths.steps

    @property
    def data_dir(self) -> Path:
        """Folder whose `<challenge>/` holds what splits name."""
        return self.root / self.spec.paths.data

    @property
    def store_dir(self) -> Path:
        """Folder of node results, by key."""
        return self.root / self.spec.paths.store

    @property
    def results_dir(self) -> Path:
        """Folder of reports and records."""
        return self.root / self.spec.paths.results

    @property
    def state_dir(self) -> Path:
        """Folder of private state."""
        return self.root / self.spec.paths.state


@dataclass(frozen=True, slots=True)
class LoadedSolution:
    """A solution and its folder."""

    spec: Solution
    path: Path
    tree_sha256: str
    """Of its code: every file except solution.yaml, tests/ and byte code."""


@dataclass(frozen=True, slots=True)
class LoadedStep:
    """A step, its folder, and every solution found there, `baseline` first."""

    spec: Step
    path: Path
    solutions: dict[str, LoadedSolution]
    metric_sha256: str
    """Of the file that `metric.code` names."""


@dataclass(frozen=True, slots=True)
class LoadedChallenge:
    """A valid challenge: everything that it names exists and fits, except data files."""

    spec: Challenge
    path: Path
    types: dict[str, AnyType]
    steps: dict[str, LoadedStep]
    """In the order of `spec.steps`."""
    e2e_metric_sha256: str
    """Of the file that `end_to_end.metric.code` names."""
    lock_sha256: str
    """Of the file that `environment.lock` names."""
    library_sha256: str | None
    """Of the folder that `library` names; None if there is none."""

    @property
    def library(self) -> Path | None:
        """Folder of the modules that its code shares."""
        return None if self.spec.library is None else self.path / self.spec.library

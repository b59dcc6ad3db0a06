"""What a plan is made of, collected from a challenge's files: solutions, data, environments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import DataMissingError, UnknownNameError
from coopt_dag.execution.environments import environment_id
from coopt_dag.execution.request import EXAMPLE
from coopt_dag.execution.simulate import fetching
from coopt_dag.graph.keys import digest
from coopt_dag.graph.shape import DatasetShape, SolutionShape
from coopt_dag.model.artifact import filename
from coopt_dag.specs.tree import file_sha256, folder_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedStep, LoadedWorkspace


@dataclass(slots=True)
class Draft:
    """Collects the parts of a plan for one challenge of one workspace."""

    workspace: LoadedWorkspace
    challenge: LoadedChallenge
    solutions: dict[str, dict[str, Any]]
    data: dict[str, str]
    environments: dict[str, dict[str, Any]]
    data_dir: Path

    def relative(self, path: Path) -> str:
        """Show a path as plans have it: from the workspace, or whole if it lies outside."""
        inside = path.is_relative_to(self.workspace.root)
        return path.relative_to(self.workspace.root).as_posix() if inside else path.as_posix()

    def environment(self, lock: Path, lock_sha256: str, *, preload: list[str] | None) -> str:
        """Take up an environment by its lock; give its name."""
        name = environment_id(lock_sha256)
        self.environments.setdefault(name, {"lock": self.relative(lock), "preload": preload})
        return name

    def default_environment(self) -> str:
        """Take up the challenge's own environment; give its name."""
        lock = self.challenge.path / self.challenge.spec.environment.lock
        return self.environment(
            lock,
            self.challenge.lock_sha256,
            preload=list(self.challenge.spec.environment.preload),
        )

    def solution(self, step: str, loaded: LoadedSolution) -> SolutionShape:
        """Take up a solution, named by all that its result depends on but its inputs."""
        spec = loaded.spec
        environment = self.default_environment()
        if spec.environment is not None:
            lock = loaded.path / spec.environment
            environment = self.environment(lock, file_sha256(lock), preload=None)  # a stranger's
        entry = spec.entry.model_dump(mode="json")
        name = digest(
            {
                "tree": loaded.tree_sha256,
                "entry": entry,
                "params": spec.params,
                "environment": environment,
            }
        )
        self.solutions[name] = {
            "id": spec.id,
            "step": step,
            "code": self.relative(loaded.path),
            "entry": entry,
            "params": spec.params,
            "environment": environment,
            "truths": [],
        }
        return SolutionShape(spec.id, step, name)

    def control(self, step: LoadedStep, name: str, file: Path) -> SolutionShape:
        """Take up a control: the owner's code, which sees every truth beside the step's inputs."""
        spec, environment = self.challenge.spec, self.default_environment()
        entry = {"python": file.name, "function": "control", "command": None}
        mark = digest(
            {"control": folder_sha256(file.parent), "entry": entry, "environment": environment}
        )
        self.solutions[mark] = {
            "id": name,
            "step": step.spec.id,
            "code": self.relative(file.parent),
            "entry": entry,
            "params": {},
            "environment": environment,
            "truths": sorted(spec.truths.items()),
        }
        return SolutionShape(name, step.spec.id, mark, truths=tuple(sorted(spec.truths)))

    def file(self, path: Path, what: str, *, hint: str) -> str:
        """Take up a data file; give its sha256. If it is missing, `hint` says where it is from."""
        if not path.exists():
            raise DataMissingError(
                f"{what} of challenge '{self.challenge.spec.id}' is not on this machine",
                path=self.relative(path),
                hint=hint,
            )
        name = file_sha256(path)
        # Beside opened hidden data lie links to public files: the file itself is what nodes read.
        inside = path.is_relative_to(self.workspace.root)
        self.data[name] = self.relative(path if inside else path.resolve())
        return name

    def dataset(self, split: str) -> DatasetShape:
        """Take up the files of a split."""
        spec = self.challenge.spec
        if split == EXAMPLE:
            return self._example()
        if split not in spec.splits:
            raise UnknownNameError("split", split, spec.splits)
        folder, hint = self.data_dir / spec.id, fetching(self.challenge, split)
        found = spec.splits[split]
        return DatasetShape(
            split,
            {n: self.file(folder / p, f"input '{n}'", hint=hint) for n, p in found.inputs.items()},
            {n: self.file(folder / p, f"truth '{n}'", hint=hint) for n, p in found.truths.items()},
        )

    def _example(self) -> DatasetShape:
        spec, types = self.challenge.spec, self.challenge.types

        def files(names: Mapping[str, str], room: str) -> dict[str, str]:
            folder = self.challenge.path / EXAMPLE / room
            hint = f"{EXAMPLE}/ beside challenge.yaml holds a tiny data set; write it"
            return {
                n: self.file(folder / filename(types[t], n), f"example of '{n}'", hint=hint)
                for n, t in names.items()
            }

        return DatasetShape(EXAMPLE, files(spec.data, "inputs"), files(spec.truths, "truths"))

"""Loading a challenge, or one solution, as a valid whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError, SpecGroupError, UnknownNameError
from coopt_dag.model.solution import Solution
from coopt_dag.specs.checks import fit_errors
from coopt_dag.specs.checks.solution import solution_errors
from coopt_dag.specs.draft import Draft, read_draft, solution_files
from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedStep
from coopt_dag.specs.read import Read, read_spec
from coopt_dag.specs.tree import file_sha256, folder_sha256, tree_sha256
from coopt_dag.specs.view import view_from

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from coopt_dag.model.step import Step
    from coopt_dag.specs.loaded import LoadedWorkspace


def list_challenges(workspace: LoadedWorkspace) -> list[str]:
    """Give the folders below the steps folder that hold a `challenge.yaml`, sorted."""
    return sorted(p.parent.name for p in workspace.steps_dir.glob("*/challenge.yaml"))


def load_challenge(workspace: LoadedWorkspace, challenge_id: str) -> LoadedChallenge:
    """Give a challenge in which everything fits; data files alone may be absent.

    Data are not read: `coopt_dag.specs.lint` also looks for hidden data in public places.

    Raises
    ------
    UnknownNameError
        No challenge has this id.
    SpecGroupError
        Everything that does not fit, found in one pass.
    """
    known = list_challenges(workspace)
    if challenge_id not in known:
        raise UnknownNameError("challenge", challenge_id, known)
    folder = workspace.steps_dir / challenge_id
    draft = read_draft(folder, view=view_from(folder))
    errors = draft.errors + fit_errors(draft)
    if errors or draft.challenge is None:
        raise SpecGroupError(in_order(errors))
    spec = draft.challenge.spec
    return LoadedChallenge(
        spec=spec,
        path=folder,
        types={name: read.spec for name, read in draft.types.items()},
        steps={name: _step(draft, name, draft.steps[name].spec) for name in spec.steps},
        e2e_metric_sha256=file_sha256(folder / spec.end_to_end.metric.code),
        lock_sha256=file_sha256(folder / spec.environment.lock),
        library_sha256=None if spec.library is None else folder_sha256(folder / spec.library),
    )


def load_solution(folder: Path) -> LoadedSolution:
    """Give the solution in `folder`, wherever it lies and whatever the folder is called.

    Raises
    ------
    SpecError, SpecGroupError
        Its file is invalid or names a file that is missing.
    """
    folder = folder.resolve()
    view = view_from(folder)
    read = read_spec(folder / "solution.yaml", Solution, view=view)
    errors = list(solution_errors(read))
    if errors:
        raise SpecGroupError(errors)
    return _solution(read, folder)


def in_order(errors: Iterable[SpecError]) -> list[SpecError]:
    """Sort complaints by file and line."""
    return sorted(errors, key=lambda e: (e.path or "", e.line or 0))


def _step(draft: Draft, name: str, spec: Step) -> LoadedStep:
    folder = draft.folder / name
    return LoadedStep(
        spec=spec,
        path=folder,
        solutions={
            solution: _solution(draft.solutions[name, solution], file.parent)
            for solution, file in solution_files(folder).items()
        },
        metric_sha256=file_sha256(folder / spec.metric.code),
    )


def _solution(read: Read[Solution], folder: Path) -> LoadedSolution:
    return LoadedSolution(spec=read.spec, path=folder, tree_sha256=tree_sha256(folder))

"""A challenge as it was read: each file by itself is fine, how they fit is still open."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from coopt_dag.errors import SpecError
from coopt_dag.model.challenge import Challenge
from coopt_dag.model.solution import Solution
from coopt_dag.model.step import Step
from coopt_dag.specs.read import AnyType, Read, each, read_spec, read_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.specs.view import View

BASELINE = "baseline"
CONTROL = "@"
"""What the name of a control begins with, where a solution could stand."""
K = TypeVar("K")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Draft:
    """Every file of a challenge that could be read, and the complaints about those that could not.

    `type_names` and `step_names` hold what exists as a file, readable or not, so that one broken
    file brings one complaint and not one for each place that names it.
    """

    folder: Path
    view: View
    challenge: Read[Challenge] | None
    types: dict[str, Read[AnyType]]
    type_names: frozenset[str]
    steps: dict[str, Read[Step]]
    step_names: frozenset[str]
    solutions: dict[tuple[str, str], Read[Solution]]
    """By folder of the step and of the solution."""
    errors: list[SpecError] = field(default_factory=list)


def read_draft(folder: Path, *, view: View) -> Draft:
    """Read every specification file below a challenge's folder; complaints are kept, not raised."""
    errors: list[SpecError] = []
    type_files = {p.stem: p for p in sorted((folder / "types").glob("*.yaml"))}
    step_files = {p.parent.name: p for p in sorted(folder.glob("*/step.yaml"))}
    return Draft(
        folder=folder,
        view=view,
        challenge=_kept(lambda: read_spec(folder / "challenge.yaml", Challenge, view=view), errors),
        types=_all(type_files, lambda p: read_type(p, view=view), errors),
        type_names=frozenset(type_files),
        steps=_all(step_files, lambda p: read_spec(p, Step, view=view), errors),
        step_names=frozenset(step_files),
        solutions=_all(
            {
                (step, name): path
                for step, file in step_files.items()
                for name, path in solution_files(file.parent).items()
            },
            lambda p: read_spec(p, Solution, view=view),
            errors,
        ),
        errors=errors,
    )


def solution_files(step: Path) -> dict[str, Path]:
    """Give the `solution.yaml` of each solution of a step, by folder, the baseline first."""
    found = {p.parent.name: p for p in sorted((step / "solutions").glob("*/solution.yaml"))}
    baseline = step / BASELINE / "solution.yaml"
    return ({BASELINE: baseline} if baseline.is_file() else {}) | found


def control_files(step: Path) -> dict[str, Path]:
    """Give the controls of a step, `@chance` and `@oracle` mostly: bounds on what can be scored.

    A file whose name begins with `_` is a module of theirs.
    """
    return {f"{CONTROL}{p.stem}": p for p in sorted((step / "controls").glob("[!_]*.py"))}


def _all(files: dict[K, Path], read: Callable[[Path], R], errors: list[SpecError]) -> dict[K, R]:
    """Read each file that can be read."""
    found = {}
    for key, path in files.items():
        value = _kept(partial(read, path), errors)
        if value is not None:
            found[key] = value
    return found


def _kept(read: Callable[[], R], errors: list[SpecError]) -> R | None:
    """Read, or keep the complaints."""
    try:
        return read()
    except SpecError as error:
        errors.extend(each(error))
        return None

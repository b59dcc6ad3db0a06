"""Which pipelines a request means: what was chosen by name, or every combination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import UnknownNameError
from coopt_dag.execution.request import EXAMPLE
from coopt_dag.graph.plan import grid
from coopt_dag.specs.draft import BASELINE, CONTROL, control_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from coopt_dag.execution.draft import Draft
    from coopt_dag.execution.request import Request
    from coopt_dag.graph.shape import ChallengeShape, SolutionShape
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedStep

Selection = dict[str, "SolutionShape"]


def selections(
    draft: Draft,
    shape: ChallengeShape,
    request: Request,
    overrides: Mapping[str, LoadedSolution],
) -> Iterable[Selection]:
    """Give a solution (or control) for every step, once for each pipeline of a request.

    Raises
    ------
    UnknownNameError
        A step, solution or control that the challenge does not have.
    """
    steps = draft.challenge.steps
    for name in [*request.selection, *overrides]:
        if name not in steps:
            raise UnknownNameError("step", name, steps)
    chosen = {
        step.id: draft.solution(step.id, overrides[step.id])
        if step.id in overrides
        else named(draft, steps[step.id], request.selection.get(step.id, BASELINE))
        for step in shape.steps
    }
    choices = {step: [one] for step, one in chosen.items()}
    if request.all_combinations:
        for step in set(choices) - {*request.selection, *overrides}:
            choices[step] = [draft.solution(step, s) for s in steps[step].solutions.values()]
    return grid(choices)


def require_names(challenge: LoadedChallenge, request: Request) -> None:
    """Insist that a challenge has what a request names, before anything is made for it.

    Raises
    ------
    UnknownNameError
        A step, solution, control or split that it does not have.
    """
    for split in request.splits:
        if split != EXAMPLE and split not in challenge.spec.splits:
            raise UnknownNameError("split", split, challenge.spec.splits)
    for step, name in request.selection.items():
        if step not in challenge.steps:
            raise UnknownNameError("step", step, challenge.steps)
        _require(challenge.steps[step], name)


def given(
    draft: Draft, configurations: Iterable[Mapping[str, LoadedSolution]]
) -> Iterator[Selection]:
    """Hash each solution once, however many configurations it is in."""
    known: dict[tuple[str, Path], SolutionShape] = {}
    for configuration in configurations:
        chosen = {}
        for step, loaded in configuration.items():
            place = step, loaded.path
            if place not in known:
                known[place] = draft.solution(step, loaded)
            chosen[step] = known[place]
        yield chosen


def listed(draft: Draft, configurations: Iterable[Mapping[str, str]]) -> Iterator[Selection]:
    """Give configurations whose solutions and controls are told by name; each hashed once."""
    known: dict[tuple[str, str], SolutionShape] = {}
    for configuration in configurations:
        for step, name in configuration.items():
            if (step, name) not in known:
                known[step, name] = named(draft, draft.challenge.steps[step], name)
        yield {step: known[step, name] for step, name in configuration.items()}


def named(draft: Draft, step: LoadedStep, name: str) -> SolutionShape:
    """Give a step's solution, or its control if the name begins with `@`."""
    _require(step, name)
    if name.startswith(CONTROL):
        return draft.control(step, name, control_files(step.path)[name])
    return draft.solution(step.spec.id, step.solutions[name])


def _require(step: LoadedStep, name: str) -> None:
    is_control = name.startswith(CONTROL)
    known = control_files(step.path) if is_control else step.solutions
    if name not in known:
        kind = "control" if is_control else "solution"
        raise UnknownNameError(f"{kind} of step '{step.spec.id}'", name, known)

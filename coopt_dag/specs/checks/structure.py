"""Names and places: folders, steps, types, files of a challenge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError, near
from coopt_dag.specs.checks.files import beside, lock_errors, missing_file
from coopt_dag.specs.draft import BASELINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.model.challenge import Challenge
    from coopt_dag.specs.draft import Draft
    from coopt_dag.specs.marks import Source
    from coopt_dag.specs.read import Read

RESERVED = "data"
"""As the first half of a port it means what a split provides."""


def name_errors(draft: Draft) -> Iterator[SpecError]:
    """Complain about every id that is not the name of its folder (or, for a type, its file)."""
    if draft.challenge is not None:
        yield from _name(draft.challenge.source, draft.challenge.spec.id, draft.folder.name)
    for name, type_ in draft.types.items():
        yield from _name(type_.source, type_.spec.id, name, kind="file")
    for name, step in draft.steps.items():
        yield from _name(step.source, step.spec.id, name)
    for (_, name), solution in draft.solutions.items():
        yield from _name(solution.source, solution.spec.id, name)


def _name(source: Source, found: str, name: str, *, kind: str = "folder") -> Iterator[SpecError]:
    if found != name:
        yield source.error(
            ("id",),
            f"id is '{found}', but its {kind} is called '{name}'.",
            hint=f"write `id: {name}`, or rename the {kind}.",
        )


def step_list_errors(draft: Draft, read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about steps that are listed without a folder, twice, or not at all."""
    listed = read.spec.steps
    for i, name in enumerate(listed):
        if name == RESERVED:
            yield read.source.error(
                ("steps", i),
                f"steps[{i}] is '{RESERVED}', which edges use for what a split provides.",
                hint="call the step otherwise.",
            )
        if name in listed[:i]:
            yield read.source.error(
                ("steps", i), f"steps[{i}] repeats '{name}'.", hint="list every step once."
            )
        if name not in draft.step_names:
            path = beside(read.source, f"{name}/step.yaml")
            yield read.source.error(
                ("steps", i),
                f"steps[{i}] is '{name}', but {path} does not exist.",
                hint=_or_write(near(name, draft.step_names - set(listed)), path),
            )
    for name in sorted(draft.step_names - set(listed)):
        yield read.source.error(
            ("steps",),
            f"steps does not list '{name}', whose folder has a step.yaml.",
            hint=f"add '{name}' to steps, or remove its folder.",
        )


def baseline_errors(draft: Draft) -> Iterator[SpecError]:
    """Complain about steps without a baseline, and about a second one under solutions/."""
    for name in sorted(draft.step_names):
        folder = draft.folder / name
        path = folder / BASELINE / "solution.yaml"
        if not path.is_file():
            yield SpecError(
                f"does not exist, but every step has a baseline: step '{name}' has none.",
                hint="write the simplest honest solution there.",
                path=draft.view.show(path),
            )
        if (folder / "solutions" / BASELINE).exists():
            yield SpecError(
                f"is called '{BASELINE}', a name kept for {name}/{BASELINE}/.",
                hint="rename this solution.",
                path=draft.view.show(folder / "solutions" / BASELINE),
            )


def type_errors(draft: Draft) -> Iterator[SpecError]:
    """Complain about each use of a type that no file in types/ declares."""
    if draft.challenge is not None:
        spec, source = draft.challenge.spec, draft.challenge.source
        yield from _types(draft, source, "data", spec.data)
        yield from _types(draft, source, "truths", spec.truths)
    for read in draft.steps.values():
        yield from _types(draft, read.source, "inputs", read.spec.inputs)
        yield from _types(draft, read.source, "outputs", read.spec.outputs)


def _types(draft: Draft, source: Source, key: str, uses: Mapping[str, str]) -> Iterator[SpecError]:
    for name, type_ in uses.items():
        if type_ not in draft.type_names:
            path = draft.view.show(draft.folder / "types" / f"{type_}.yaml")
            yield source.error(
                (key, name),
                f"{key}.{name} is '{type_}', which no file in types/ declares.",
                hint=_or_write(near(type_, draft.type_names), path),
            )


def file_errors(draft: Draft) -> Iterator[SpecError]:
    """Complain about missing metrics, recipes and locks, and about locks that do not lock."""
    for step in draft.steps.values():
        yield from missing_file(step.source, ("metric", "code"), step.spec.metric.code)
    if draft.challenge is None:
        return
    spec, source = draft.challenge.spec, draft.challenge.source
    yield from missing_file(source, ("end_to_end", "metric", "code"), spec.end_to_end.metric.code)
    if spec.origin is not None:
        yield from missing_file(source, ("origin", "recipe"), spec.origin.recipe)
    yield from _library(draft, source, spec.library)
    missing = list(missing_file(source, ("environment", "lock"), spec.environment.lock))
    yield from missing
    if not missing:
        lock = spec.environment.lock
        yield from lock_errors(draft.folder / lock, beside(source, lock))


def _library(draft: Draft, source: Source, library: str | None) -> Iterator[SpecError]:
    """Complain about a library that is no folder of Python modules."""
    if library is None:
        return
    folder = draft.folder / library
    if not folder.is_dir() or not any(folder.rglob("*.py")):
        yield source.error(
            ("library",),
            f"library is '{library}', but there is no such folder with a Python module in it.",
            hint=f"write {beside(source, library)}/<package>/<module>.py, or leave `library` out.",
        )


def _or_write(hint: str, path: str) -> str:
    """Add to a did-you-mean the other way out: write the file."""
    return f"{hint} To add it, write {path}." if hint.startswith("did") else f"write {path}; {hint}"

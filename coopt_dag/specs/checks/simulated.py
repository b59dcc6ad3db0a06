"""Data that a challenge simulates: every split has its share, its folder, and a recipe to call."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError, near
from coopt_dag.specs.checks.files import beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.model.challenge import Challenge, DataOrigin, SimulatedSplit, Split
    from coopt_dag.specs.marks import Source
    from coopt_dag.specs.read import Read

FUNCTION = "simulate"
_WORDS = ("rng", "params")
_SIGNATURE = f"def {FUNCTION}(out, *, rng, params):"


def simulator_errors(read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about a simulator that cannot make what the splits name."""
    origin = read.spec.origin
    if origin is None or origin.simulator is None:
        return
    yield from _origin(read.source, origin)
    yield from _splits(read.source, read.spec.splits, origin.simulator)
    for name, split in read.spec.splits.items():
        yield from _places(read.source, name, split)
    yield from _recipe(read.source, origin.recipe)


def simulator_notes(spec: Challenge) -> Iterator[str]:
    """Tell which hidden splits anybody can make, and which public ones nobody else can."""
    if spec.origin is None or spec.origin.simulator is None:
        return
    for name, share in spec.origin.simulator.items():
        public = name in spec.splits and spec.splits[name].visibility == "public"
        if share.seed is not None and not public:
            yield (
                f"split '{name}' is hidden, but its seed is written (`seed: {share.seed}`): "
                "whoever reads it can make its truths"
            )
        elif share.seed is None and public:
            yield f"split '{name}' is public, but has no `seed`: each workspace makes another one"


def _origin(source: Source, origin: DataOrigin) -> Iterator[SpecError]:
    if origin.kind != "simulated":
        yield source.error(
            ("origin", "kind"),
            f"origin.kind is '{origin.kind}', but origin.simulator makes the data.",
            hint="write `kind: simulated`, or leave `simulator` out.",
        )
    fetched = {
        "package": origin.package,
        "wheel_sha256": origin.wheel_sha256,
        "members": origin.members,
    }
    for key in [k for k, value in fetched.items() if value]:
        yield source.error(
            ("origin", key),
            f"origin.{key} belongs to data that are fetched, but origin.simulator makes them.",
            hint=f"leave `{key}` out, or `simulator`.",
            at_key=True,
        )


def _splits(
    source: Source, splits: Mapping[str, Split], simulator: Mapping[str, SimulatedSplit]
) -> Iterator[SpecError]:
    for name in splits:
        if name not in simulator:
            yield source.error(
                ("origin", "simulator"),
                f"origin.simulator lacks '{name}', which is a split of this challenge.",
                hint=f"add `{name}: {{params: {{…}}}}`; without `seed` it is drawn from a secret.",
                at_key=True,
            )
    for name in simulator:
        if name not in splits:
            yield source.error(
                ("origin", "simulator", name),
                f"origin.simulator.{name} is no split of this challenge.",
                hint=near(name, splits),
                at_key=True,
            )


def _places(source: Source, name: str, split: Split) -> Iterator[SpecError]:
    for kind, files in (("inputs", split.inputs), ("truths", split.truths)):
        for key, path in files.items():
            if not path.startswith(f"{name}/"):
                yield source.error(
                    ("splits", name, kind, key),
                    f"splits.{name}.{kind}.{key} is '{path}', but what is simulated for a split "
                    f"lies below {name}/.",
                    hint=f"write e.g. {name}/{path.rpartition('/')[2]}.",
                )


def _recipe(source: Source, recipe: str) -> Iterator[SpecError]:
    """Look for the function in the recipe's text; nothing is run."""
    path, shown = source.path.parent / recipe, beside(source, recipe)
    if not path.is_file():
        return  # has its own complaint
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError) as error:
        line, why = getattr(error, "lineno", None) or 1, getattr(error, "msg", error)
        yield SpecError(f"is no Python: {why}.", hint="mend the line.", path=shown, line=line)
        return
    found = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == FUNCTION]
    if found:
        yield from _signature(found[-1], shown)
    elif not _brought(body):
        yield SpecError(
            f"has no function '{FUNCTION}', which origin.simulator calls for every split.",
            hint=f"write `{_SIGNATURE}`; it writes a split's files into the folder `out`.",
            path=shown,
            line=1,
        )


def _signature(function: ast.FunctionDef, shown: str) -> Iterator[SpecError]:
    """Complain about arguments that a call with `out`, `rng=` and `params=` does not fit."""
    taken = function.args
    places = [a.arg for a in (*taken.posonlyargs, *taken.args)]
    by_name = {a.arg for a in (*taken.args[0 if taken.posonlyargs else 1 :], *taken.kwonlyargs)}
    missing = [w for w in _WORDS if w not in by_name and taken.kwarg is None]
    if missing or not (places or taken.vararg):
        yield SpecError(
            f"{FUNCTION} does not take {', '.join(missing) or 'out'}.",
            hint=f"write `{_SIGNATURE}`.",
            path=shown,
            line=function.lineno,
        )


def _brought(body: list[ast.stmt]) -> bool:
    """Tell whether the name is imported or assigned, so that nothing is known of it here."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            names.update((a.asname or a.name) for a in node.names)
        elif isinstance(node, ast.Assign):
            names.update(t.id for t in node.targets if isinstance(t, ast.Name))
    return FUNCTION in names

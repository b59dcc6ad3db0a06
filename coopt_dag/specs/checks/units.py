"""Units of columns, arrays, axes, fields and metrics: texts that everybody reads alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.model.artifact import ArrayType, JsonType, TableType
from coopt_dag.model.unit import is_unit
from coopt_dag.specs.marks import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.errors import SpecError
    from coopt_dag.specs.draft import Draft
    from coopt_dag.specs.marks import Loc
    from coopt_dag.specs.read import AnyType

_HINT = "write e.g. `unit: um`, `unit: um/ns` or `unit: GeV^-1`, or `unit: '1'` for a pure number."


def unit_errors(draft: Draft) -> Iterator[SpecError]:
    """Complain about each unit that is no plain unit expression."""
    found = [
        (type_.source, loc, unit)
        for type_ in draft.types.values()
        for loc, unit in _of_type(type_.spec)
    ]
    found += [(s.source, ("metric", "unit"), s.spec.metric.unit) for s in draft.steps.values()]
    if draft.challenge is not None:
        spec, source = draft.challenge.spec, draft.challenge.source
        found.append((source, ("end_to_end", "metric", "unit"), spec.end_to_end.metric.unit))
        checks = () if spec.validation is None else spec.validation.checks
        found += [
            (source, ("validation", "checks", i, "unit"), c.unit) for i, c in enumerate(checks)
        ]
    for source, loc, unit in found:
        if not is_unit(unit):
            yield source.error(loc, f"{dotted(loc)} is '{unit}', which is no unit.", hint=_HINT)


def _of_type(type_: AnyType) -> Iterator[tuple[Loc, str]]:
    match type_:
        case TableType():
            yield from ((("columns", i, "unit"), c.unit) for i, c in enumerate(type_.columns))
        case JsonType():
            yield from ((("fields", i, "unit"), f.unit) for i, f in enumerate(type_.fields))
        case ArrayType():
            yield ("unit",), type_.unit
            for i, axis in enumerate(type_.axes or ()):
                yield ("axes", i, "unit"), axis.unit
                labels = enumerate(axis.label_units or ())
                yield from ((("axes", i, "label_units", j), unit) for j, unit in labels)

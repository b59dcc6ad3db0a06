"""An artifact type as Markdown: what is in a file, with units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.model.artifact import ArrayType, Axis, JsonType, TableType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.model.artifact import ArtifactType


def render_type(type_: ArtifactType) -> str:
    r"""Give the section of a type: its summary, and its columns, axes or fields.

    >>> from coopt_dag.model.artifact import JsonType
    >>> render_type(JsonType(id="total", kind="json", summary="One number."))
    '### `total` (json)\n\nOne number.'
    """
    head = f"### `{type_.id}` ({type_.kind})\n\n{type_.summary}"
    match type_:
        case TableType():
            rows = [[f"`{c.name}`", c.dtype, c.unit, c.description] for c in type_.columns]
            table = _table(["column", "dtype", "unit", "meaning"], rows)
            return f"{head}\n\n{table}\n\nKey: {', '.join(type_.key)}"
        case ArrayType():
            return f"{head}\n\n{_array(type_)}"
        case JsonType(fields=fields) if fields:
            rows = [[f"`{f.name}`", f.type, f.unit, f.description] for f in fields]
            return f"{head}\n\n{_table(['field', 'type', 'unit', 'meaning'], rows)}"
    return head


def _array(type_: ArrayType) -> str:
    lengths = ", ".join("any" if n is None else str(n) for n in type_.shape)
    values = f"Shape ({lengths}), values {type_.dtype} [{type_.unit}]"
    if not type_.axes:
        return f"{values}."
    rows = [
        [f"`{axis.name}`", _length(axis, n), axis.unit, axis.description]
        for axis, n in zip(type_.axes, type_.shape, strict=True)
    ]
    return f"{values}.\n\n{_table(['axis', 'length', 'unit', 'meaning'], rows)}"


def _length(axis: Axis, length: int | None) -> str:
    if axis.labels is None:
        return "any" if length is None else str(length)
    units = axis.label_units or ("",) * len(axis.labels)
    labels = zip(axis.labels, units, strict=True)
    return f"{length}: " + ", ".join(f"`{n}` [{u}]" if u else f"`{n}`" for n, u in labels)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])

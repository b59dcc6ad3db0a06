"""Artifact types: what flows along an edge of the DAG, declared once per challenge."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from coopt_dag.model.base import Frozen, Sentence, Slug

ColumnDtype = Literal["int32", "int64", "float32", "float64", "string", "bool"]
ArrayDtype = Literal["int8", "int16", "int32", "int64", "uint8", "float32", "float64", "bool"]


class Column(Frozen):
    """A column of a table; numbers carry a unit (`1` for a pure number)."""

    name: Slug
    dtype: ColumnDtype
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    description: Sentence
    required: bool = True
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    values: tuple[str, ...] | None = None
    """Allowed values of a string column."""


class TableType(Frozen):
    """Rows of columns, stored as Parquet; `key` columns identify a row."""

    id: Slug
    kind: Literal["table"]
    summary: Sentence
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    key: Annotated[tuple[Slug, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _key_names_columns(self) -> TableType:
        names = [c.name for c in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"column '{name}' is declared twice")
        for k in self.key:
            if k not in names:
                raise ValueError(f"key names '{k}', which is not a column")
        return self


class Axis(Frozen):
    """What one index of an array counts."""

    name: Slug
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    """Of the place along this axis: `ns` for samples in time, `1` for something counted."""
    description: Sentence
    labels: tuple[Slug, ...] | None = None
    """Name of each place along an axis of fixed length, e.g. `[i, q]`."""
    label_units: tuple[Annotated[str, Field(min_length=1, max_length=40)], ...] | None = None
    """Unit of the values at each label, where it is not the array's own."""

    @model_validator(mode="after")
    def _each_label_once(self) -> Axis:
        labels = self.labels or ()
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"label '{label}' stands there twice")
        if self.label_units is not None and len(self.label_units) != len(labels):
            raise ValueError(f"label_units has {len(self.label_units)} for {len(labels)} labels")
        return self


class ArrayType(Frozen):
    """A dense numeric array, stored as `.npy`; a `null` in `shape` means any length."""

    id: Slug
    kind: Literal["array"]
    summary: Sentence
    dtype: ArrayDtype
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    shape: Annotated[tuple[Annotated[int, Field(ge=0)] | None, ...], Field(max_length=8)]
    axes: tuple[Axis, ...] | None = None
    """What each index counts, as many as `shape` has lengths."""
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None

    @model_validator(mode="after")
    def _axes_fit_the_shape(self) -> ArrayType:
        if self.axes is None:
            return self
        if len(self.axes) != len(self.shape):
            raise ValueError(f"axes has {len(self.axes)} for {len(self.shape)} lengths in shape")
        names = [axis.name for axis in self.axes]
        for axis, length in zip(self.axes, self.shape, strict=True):
            if names.count(axis.name) > 1:
                raise ValueError(f"axis '{axis.name}' is declared twice")
            if axis.labels is not None and len(axis.labels) != length:
                found = "any" if length is None else length
                raise ValueError(
                    f"axis '{axis.name}' has {len(axis.labels)} labels, its length in shape is "
                    f"{found}"
                )
        return self


class JsonField(Frozen):
    """A field of a JSON object."""

    name: str
    type: Literal["number", "integer", "string", "boolean", "array", "object"]
    unit: Annotated[str, Field(min_length=1, max_length=40)] = "1"
    description: Sentence
    required: bool = True


class JsonType(Frozen):
    """A JSON object; with `fields`, only those are allowed."""

    id: Slug
    kind: Literal["json"]
    summary: Sentence
    fields: tuple[JsonField, ...] = ()


class FileType(Frozen):
    """One opaque file."""

    id: Slug
    kind: Literal["file"]
    summary: Sentence
    suffix: Annotated[str, Field(pattern=r"^\.[A-Za-z0-9.]{1,16}$")]
    max_size_bytes: Annotated[int, Field(gt=0)] = 1 << 30


class FolderType(Frozen):
    """A folder of plain files."""

    id: Slug
    kind: Literal["folder"]
    summary: Sentence
    max_size_bytes: Annotated[int, Field(gt=0)] = 1 << 30


ArtifactType = Annotated[
    TableType | ArrayType | JsonType | FileType | FolderType, Field(discriminator="kind")
]


def filename(type_: TableType | ArrayType | JsonType | FileType | FolderType, name: str) -> str:
    """Name of the file (or folder) that holds artifact `name` of this type.

    >>> filename(JsonType(id="t", kind="json", summary="x"), "out")
    'out.json'
    """
    match type_:
        case TableType():
            return f"{name}.parquet"
        case ArrayType():
            return f"{name}.npy"
        case JsonType():
            return f"{name}.json"
        case FileType():
            return f"{name}{type_.suffix}"
        case FolderType():
            return name

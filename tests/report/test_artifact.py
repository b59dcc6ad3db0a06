"""Artifact types on paper: every number with its unit, every axis with its labels."""

from __future__ import annotations

from coopt_dag.model.artifact import ArrayType, Axis, Column, JsonField, JsonType, TableType
from coopt_dag.report.artifact import render_type

QUADRATURE = Axis(
    name="quadrature",
    unit="1",
    description="Which drive.",
    labels=("i", "q"),
    label_units=("V", "mV"),
)
TIME = Axis(name="time", unit="ns", description="Middle of the sample.")


def array(**words: object) -> str:
    given = {
        "id": "pulse",
        "kind": "array",
        "summary": "A pulse.",
        "dtype": "float64",
        "unit": "rad/ns",
    }
    return render_type(ArrayType.model_validate(given | words))


def test_an_array_shows_its_axes_with_units_and_labels() -> None:
    assert array(shape=(2, None), axes=(QUADRATURE, TIME)).splitlines() == [
        "### `pulse` (array)",
        "",
        "A pulse.",
        "",
        "Shape (2, any), values float64 [rad/ns].",
        "",
        "| axis | length | unit | meaning |",
        "|---|---|---|---|",
        "| `quadrature` | 2: `i` [V], `q` [mV] | 1 | Which drive. |",
        "| `time` | any | ns | Middle of the sample. |",
    ]


def test_labels_without_units_stand_alone() -> None:
    axis = QUADRATURE.model_copy(update={"label_units": None})
    assert "| 2: `i`, `q` | 1 |" in array(shape=(2,), axes=(axis,))


def test_an_array_without_axes_shows_shape_and_unit() -> None:
    assert array(shape=(3, None)).endswith("A pulse.\n\nShape (3, any), values float64 [rad/ns].")


def test_a_table_shows_its_columns_and_key() -> None:
    column = Column(name="row", dtype="int64", unit="1", description="Which row.")
    table = TableType(id="t", kind="table", summary="Rows.", columns=(column,), key=("row",))
    assert render_type(table).splitlines()[-4:] == [
        "|---|---|---|---|",
        "| `row` | int64 | 1 | Which row. |",
        "",
        "Key: row",
    ]


def test_an_object_shows_its_fields() -> None:
    field = JsonField(name="value", type="number", unit="um", description="The sum.")
    found = render_type(JsonType(id="j", kind="json", summary="One.", fields=(field,)))
    assert found.endswith("| `value` | number | um | The sum. |")

"""Outputs of two machines: the same up to what honest machines differ by."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from coopt_dag.evaluation.verify.same import first_difference
from coopt_dag.evaluation.verify.settlement import first_difference as differs

MANIFEST = frozenset({"manifest.json"})


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "one", tmp_path / "two"
    for folder in made:
        folder.mkdir()
        (folder / "manifest.json").write_text(str(folder))
    return made


def test_manifests_tell_of_the_run_and_are_not_compared(pair: tuple[Path, Path]):
    assert first_difference(*pair, ignore=MANIFEST) == ""
    assert first_difference(*pair, ignore=frozenset()) == "manifest.json"


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ({"a": 1.0}, {"a": 1.0 + 1e-9}, True),
        ({"a": 1.0}, {"a": 1.5}, False),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({"a": True}, {"a": 1}, True),  # JSON's readers elsewhere say so too
        ({"a": "x"}, {"a": "y"}, False),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_json_is_compared_number_by_number(pair: tuple[Path, Path], one: dict, two: dict, same):
    for folder, value in zip(pair, (one, two), strict=True):
        (folder / "out.json").write_text(json.dumps(value))
    assert (first_difference(*pair, ignore=MANIFEST) == "") is same


def test_arrays_and_tables_may_have_half_a_percent_of_rows_off(pair: tuple[Path, Path]):
    few, many = np.zeros(1000), np.zeros(1000)
    few[:5], many[:6] = 1.0, 1.0
    for other, name in ((few, ""), (many, "out.npy")):
        np.save(pair[0] / "out.npy", np.zeros(1000))
        np.save(pair[1] / "out.npy", other)
        assert first_difference(*pair, ignore=MANIFEST) == name
    np.save(pair[1] / "out.npy", np.zeros(1000))
    for other, name in ((few, ""), (many, "out.parquet")):
        keys = [str(i) for i in range(1000)]
        parquet.write_table(pa.table({"key": keys, "x": np.zeros(1000)}), pair[0] / "out.parquet")
        parquet.write_table(pa.table({"key": keys, "x": other}), pair[1] / "out.parquet")
        assert first_difference(*pair, ignore=MANIFEST) == name


def test_a_file_that_is_missing_or_of_another_form_differs(pair: tuple[Path, Path]):
    (pair[0] / "out.txt").write_text("a")
    assert first_difference(*pair, ignore=MANIFEST) == "out.txt"
    (pair[1] / "out.txt").write_text("b")
    assert first_difference(*pair, ignore=MANIFEST) == "out.txt"
    (pair[1] / "out.txt").write_text("a")
    (pair[0] / "x.npy").write_bytes(b"no array")
    (pair[1] / "x.npy").write_bytes(b"none either")
    assert first_difference(*pair, ignore=MANIFEST) == "x.npy"


def test_the_first_difference_of_documents_has_its_place():
    assert differs({"a": 1}, {"a": 1}, "t") is None
    assert differs({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "t") == ("t.a.0.b", 1, 2)
    assert differs({"a": [1]}, {"a": [1, 2]}, "t") == ("t.a", [1], [1, 2])
    assert differs({"a": 1}, {}, "t") == ("t.a", 1, None)

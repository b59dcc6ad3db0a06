"""Rows are matched by key strictly."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.metrics.keys import matching_rows

KEYS = st.lists(st.tuples(st.integers(0, 50), st.text("ab", max_size=2)), min_size=1, unique=True)


def test_extra_rows_are_passed_over() -> None:
    wanted = {"user": [2, 1], "movie": [5, 5]}
    given_ = {"user": [1, 1, 2], "movie": [4, 5, 5], "prediction": [0, 1, 2]}
    assert matching_rows(wanted, given_, key=["user", "movie"]).tolist() == [2, 1]


@given(KEYS, st.randoms(use_true_random=False))
def test_any_order_of_the_prediction_gives_the_same_rows(
    keys: list[tuple[int, str]], random: object
) -> None:
    mixed = list(keys)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    wanted, found = (pd.DataFrame(rows, columns=["n", "t"]) for rows in (keys, mixed))
    rows = matching_rows(wanted, found, key=["n", "t"])
    assert [mixed[i] for i in rows] == keys


def test_a_missing_row_is_named() -> None:
    with pytest.raises(ScoreInvalidError, match="lacks 1 of 2 rows, the first with user 2"):
        matching_rows({"user": [1, 2]}, {"user": [1]}, key=["user"])


@pytest.mark.parametrize("side", ["reference", "prediction"])
def test_a_row_that_comes_twice_is_named(side: str) -> None:
    tables = {"reference": {"user": [1]}, "prediction": {"user": [1]}}
    tables[side] = {"user": [1, 1]}
    with pytest.raises(ScoreInvalidError, match=f"the {side} has the row with user 1 twice"):
        matching_rows(tables["reference"], tables["prediction"], key=["user"])


def test_a_key_column_that_is_not_there_gets_a_hint() -> None:
    with pytest.raises(ScoreInvalidError, match="no key column 'user'") as caught:
        matching_rows({"user": [1]}, {"usr": [1]}, key=["user"])
    assert "usr" in caught.value.hint


def test_a_key_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ScoreInvalidError, match="not a number"):
        matching_rows({"t": [1.0]}, {"t": np.array([1.0, math.nan])}, key=["t"])


def test_ragged_columns_and_no_key_are_refused() -> None:
    with pytest.raises(ScoreInvalidError, match="differ in length"):
        matching_rows({"a": [1, 2], "b": [1]}, {"a": [1], "b": [1]}, key=["a", "b"])
    with pytest.raises(ScoreInvalidError, match="at least one column"):
        matching_rows({"a": [1]}, {"a": [1]}, key=[])

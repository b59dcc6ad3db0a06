"""Reliability: of rows foretold as x, is the mean outcome x?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.metrics.calibration import calibration_error, reliability
from coopt_dag.metrics.regression import bias, mae

NUMBER = st.floats(-100, 100)
PAIRS = st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=60)
BINS = st.integers(1, 20)


def test_bins_by_hand() -> None:
    # sorted by forecast: (1, 2) and (3, 4), two bins; outcomes 0, 2 | 3, 9
    found = reliability([9, 0, 2, 3], [4, 1, 2, 3], bins=2)
    assert found.forecast.tolist() == [1.5, 3.5]
    assert found.outcome.tolist() == [1.0, 6.0]
    assert found.count.tolist() == [2, 2]
    # gaps 0.5 and 2.5, two rows each: (1 + 5) / 4
    assert calibration_error([9, 0, 2, 3], [4, 1, 2, 3], bins=2) == 1.5


def test_a_constant_forecast_makes_one_bin() -> None:
    found = reliability([1, 2, 6], [3, 3, 3], bins=10)
    assert found.count.tolist() == [3]
    assert calibration_error([1, 2, 6], [3, 3, 3]) == 0.0  # the mean outcome is 3


@given(PAIRS, BINS)
def test_every_row_is_in_one_bin_and_forecasts_rise(
    pairs: list[tuple[float, float]], bins: int
) -> None:
    truth, guess = zip(*pairs, strict=True)
    found = reliability(truth, guess, bins=bins)
    assert found.count.sum() == len(pairs)
    assert 1 <= found.count.size <= bins
    assert (np.diff(found.forecast) >= 0).all()


@given(PAIRS, BINS)
def test_the_error_lies_between_bias_and_mean_absolute_error(
    pairs: list[tuple[float, float]], bins: int
) -> None:
    truth, guess = zip(*pairs, strict=True)
    error = calibration_error(truth, guess, bins=bins)
    assert abs(bias(truth, guess)) - 1e-9 <= error <= mae(truth, guess) + 1e-9


@given(PAIRS, BINS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_a_bit(
    pairs: list[tuple[float, float]], bins: int, random: object
) -> None:
    mixed = list(pairs)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, two = (calibration_error(*zip(*rows, strict=True), bins=bins) for rows in (pairs, mixed))
    assert one == two


def test_no_bins_are_refused() -> None:
    with pytest.raises(ScoreInvalidError, match="at least 1"):
        reliability([1], [1], bins=0)

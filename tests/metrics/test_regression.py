"""Errors of numbers foretold: by hand, by property, by refusal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.metrics import calibration, groups, regression

NUMBER = st.floats(-1e6, 1e6)
PAIRS = st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=40)
SCORES: list[Callable[..., Any]] = [
    regression.squared_errors,
    regression.rmse,
    regression.mae,
    regression.bias,
    regression.r2,
    calibration.calibration_error,
]


def test_errors_by_hand() -> None:
    truth, guess = [1.0, 2.0, 6.0], [2.0, 2.0, 4.0]  # errors 1, 0, -2
    assert regression.squared_errors(truth, guess).tolist() == [1.0, 0.0, 4.0]
    assert regression.rmse(truth, guess) == pytest.approx(math.sqrt(5 / 3))
    assert regression.mae(truth, guess) == 1.0
    assert regression.bias(truth, guess) == pytest.approx(-1 / 3)
    # mean 3, sum of squares about it 4 + 1 + 9 = 14
    assert regression.r2(truth, guess) == pytest.approx(1 - 5 / 14)


@given(PAIRS)
def test_the_absolute_error_never_exceeds_the_rmse_nor_falls_below_the_bias(
    pairs: list[tuple[float, float]],
) -> None:
    truth, guess = zip(*pairs, strict=True)
    mae, rmse = regression.mae(truth, guess), regression.rmse(truth, guess)
    assert mae <= rmse * (1 + 1e-9) + 1e-9
    assert abs(regression.bias(truth, guess)) <= mae * (1 + 1e-9) + 1e-9


@given(PAIRS, NUMBER)
def test_the_rmse_does_not_feel_a_common_shift(
    pairs: list[tuple[float, float]], shift: float
) -> None:
    truth, guess = (np.array(side) for side in zip(*pairs, strict=True))
    before = regression.rmse(truth, guess)
    assert regression.rmse(truth + shift, guess + shift) == pytest.approx(before, abs=1e-6)


@given(st.lists(NUMBER, min_size=1))
def test_a_perfect_forecast_has_no_error(values: list[float]) -> None:
    assert regression.rmse(values, values) == 0.0
    assert regression.mae(values, values) == 0.0
    assert calibration.calibration_error(values, values) == pytest.approx(0.0, abs=1e-6)


def test_the_mean_explains_nothing_and_the_truth_everything() -> None:
    assert regression.r2([1, 2, 3], [2, 2, 2]) == 0.0
    assert regression.r2([1, 2, 3], [1, 2, 3]) == 1.0


def test_a_reference_that_does_not_vary_has_no_r2() -> None:
    with pytest.raises(ScoreInvalidError, match="varies"):
        regression.r2([2, 2], [1, 2])


@pytest.mark.parametrize("score", SCORES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", ["reference", "prediction"])
def test_a_value_that_is_not_finite_is_refused_and_its_row_named(
    score: Callable[..., Any], bad: float, side: str
) -> None:
    values = {"reference": [1.0, 2.0], "prediction": [1.0, 2.0]}
    values[side] = [1.0, bad]
    with pytest.raises(ScoreInvalidError, match=f"{side} has 1 values .* row 1"):
        score(values["reference"], values["prediction"])


@pytest.mark.parametrize("score", SCORES, ids=lambda f: f.__name__)
def test_other_shapes_are_refused(score: Callable[..., Any]) -> None:
    for truth, guess, why in (
        ([1.0], [1.0, 2.0], "1 reference values against 2"),
        ([], [], "empty"),
        ([[1.0]], [1.0], "one dimension"),
        (1.0, 1.0, "one dimension"),
        (["a"], [1.0], "must be numbers"),
        ([1.0], [{}], "must be numbers"),
    ):
        with pytest.raises(ScoreInvalidError, match=why):
            score(truth, guess)


def test_the_worst_share_by_hand() -> None:
    # mean squared errors: a (1 + 9) / 2 = 5, b 4, c 0; the worst third is a: sqrt(5)
    truth, guess, who = [0, 0, 0, 0], [1, 3, 2, 0], ["a", "a", "b", "c"]
    assert groups.worst_share_rmse(truth, guess, who, share=1 / 3) == pytest.approx(math.sqrt(5))
    # two thirds: a and b, three rows: sqrt((1 + 9 + 4) / 3)
    assert groups.worst_share_rmse(truth, guess, who, share=2 / 3) == pytest.approx(
        math.sqrt(14 / 3)
    )


def test_a_tenth_of_thirty_groups_is_three() -> None:
    # 0.1 * 30 is 3.0000000000000004 in floats; taking four would dilute 3, 3, 3 with a 0
    guess = np.array([3.0] * 3 + [0.0] * 27)
    assert groups.worst_share_rmse(np.zeros(30), guess, np.arange(30), share=0.1) == 3.0


@given(st.lists(st.tuples(NUMBER, NUMBER, st.integers(0, 5)), min_size=1), st.floats(0.01, 1))
def test_the_worst_share_is_never_better_than_all(
    rows: list[tuple[float, float, int]], share: float
) -> None:
    truth, guess, who = zip(*rows, strict=True)
    worst = groups.worst_share_rmse(truth, guess, who, share=share)
    assert worst >= regression.rmse(truth, guess) * (1 - 1e-9) - 1e-9


@given(st.lists(st.tuples(NUMBER, st.integers(-3, 3)), min_size=1))
def test_group_means_weighted_by_size_give_the_mean(rows: list[tuple[float, int]]) -> None:
    losses, who = zip(*rows, strict=True)
    sizes = np.unique(who, return_counts=True)[1]
    mean = np.average(groups.group_means(losses, who), weights=sizes)
    assert mean == pytest.approx(np.mean(losses), abs=1e-6)


def test_a_share_or_labels_that_do_not_fit_are_refused() -> None:
    for share in (0.0, -0.1, 1.1, math.nan):
        with pytest.raises(ScoreInvalidError, match="share"):
            groups.worst_share_rmse([1], [1], ["a"], share=share)
    with pytest.raises(ScoreInvalidError, match="one label for each of 2 rows"):
        groups.worst_share_rmse([1, 2], [1, 2], ["a"])
    with pytest.raises(ScoreInvalidError, match="one label"):
        groups.group_means([1, 2], ["a"])

"""Ranks and their correlation: by hand, by property, by refusal."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from coopt_dag.credit.ranks import kendall, places, spearman, swapped

pairs = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=12)


def test_ranks_of_three_by_hand() -> None:
    # ranks 1, 2, 3 and 2, 3, 1: rho = 1 - 6 (1 + 1 + 4) / (3 (9 - 1)); one pair of three agrees
    assert (spearman([10, 20, 30], [5, 6, 4]), kendall([10, 20, 30], [5, 6, 4])) == (-0.5, -1 / 3)
    assert swapped([10, 20, 30], [5, 6, 4]) == [(2, 0), (2, 1)]


def test_equal_scores_share_the_better_place() -> None:
    assert places([7, 9, 7, 1]) == [2, 1, 2, 4]


@given(pairs)
def test_correlations_are_those_of_scipy(found: list[tuple[int, int]]) -> None:
    first, second = ([p[i] for p in found] for i in (0, 1))
    if 1 in {len(set(first)), len(set(second))}:
        assert spearman(first, second) is None
        assert kendall(first, second) is None
        return
    assert spearman(first, second) == pytest.approx(spearmanr(first, second)[0], abs=1e-12)
    assert kendall(first, second) == pytest.approx(kendalltau(first, second)[0], abs=1e-12)


@given(pairs)
def test_correlations_see_the_order_alone(found: list[tuple[int, int]]) -> None:
    first, second = ([p[i] for p in found] for i in (0, 1))
    steeper = [v**3 * 10**30 + 1 for v in second]
    assert spearman(first, second) == spearman(first, steeper)
    assert kendall(first, second) == kendall(first, steeper)
    assert swapped(first, second) == swapped(first, steeper)


@given(pairs)
def test_a_pair_is_swapped_if_its_order_is_turned_and_never_by_a_tie(
    found: list[tuple[int, int]],
) -> None:
    first, second = ([p[i] for p in found] for i in (0, 1))
    turned = {
        frozenset((i, j))
        for i, j in combinations(range(len(found)), 2)
        if (first[i] - first[j]) * (second[i] - second[j]) < 0
    }
    assert {frozenset(pair) for pair in swapped(first, second)} == turned
    assert all(first[a] > first[b] and second[b] > second[a] for a, b in swapped(first, second))


@pytest.mark.parametrize("function", [spearman, kendall, swapped])
def test_scores_of_different_things_are_refused(function: object) -> None:
    with pytest.raises(ValueError, match="got 2 and 1"):
        function([1, 2], [1])  # type: ignore[operator]


@pytest.mark.parametrize("function", [spearman, kendall])
def test_fewer_than_two_things_have_no_correlation(function: object) -> None:
    assert function([1], [2]) is None  # type: ignore[operator]
    assert function([], []) is None  # type: ignore[operator]

"""Samples of configurations: near the exact curves, honest about the error, exact in the sums."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.chain_game import saturating_chain
from coopt_dag.credit import prefixes
from coopt_dag.credit.between import height, strata
from coopt_dag.credit.choice import choose, cost
from coopt_dag.credit.curves import Curves, step_curves
from coopt_dag.credit.fold import scale, shapley
from coopt_dag.credit.levels import Config, configurations
from coopt_dag.credit.paired import of_gains
from coopt_dag.credit.pot import Terms
from coopt_dag.credit.sampling import (
    Plan,
    estimate,
    least_evaluations,
    prefix_plan,
    sample_plan,
)
from coopt_dag.credit.settlement import Epoch, Work, settle
from coopt_dag.credit.values import value_table

NANO = 10**9


def beacon(turn: int) -> bytes:
    return hashlib.sha256(b"beacon %d" % turn).digest()


def worth(config: Config, parts: list[int]) -> int:
    """A saturating score of any levels: a version does half of what is left to the final one."""
    left = 1.0
    for level, part in zip(config, parts, strict=True):
        left *= 1 - (part / 100) * (1 - 0.5**level)
    return round((1 - left) * NANO)


def scored(plan: Plan, parts: list[int]) -> dict[Config, int]:
    return {config: worth(config, parts) for config in plan.configs}


def finals(found: Curves) -> list[float]:
    return [curve.heights[-1] / found.scale for curve in found.curves]


def test_a_thousand_evaluations_of_16_steps_are_within_three_percent() -> None:
    game = saturating_chain(16, 0)
    exact = np.array(shapley(game)) / scale(16)
    for turn in range(3):
        plan = sample_plan([1] * 16, evaluations=1024, seed=beacon(turn))
        assert len(plan.configs) == len(set(plan.configs)) == 1024
        scores = {c: int(game[sum(x << i for i, x in enumerate(c))]) for c in plan.configs}
        values = np.array(finals(estimate(plan, scores)))
        assert abs(values - exact).sum() / abs(exact).sum() <= 0.03


def test_the_mean_over_beacons_is_the_shapley_value_and_the_bars_cover_it() -> None:
    # a game without structure: no surrogate helps, so a bias would show
    values = np.random.default_rng(5).integers(0, NANO, 1 << 9)
    exact = np.array(shapley(values)) / scale(9)
    turns, held = [], []
    for turn in range(150):
        plan = sample_plan([1] * 9, evaluations=144, seed=beacon(turn))
        found = estimate(
            plan, {c: int(values[sum(x << i for i, x in enumerate(c))]) for c in plan.configs}
        )
        turns.append(finals(found))
        bars = np.array([errors[-1] for errors in found.errors])
        held.append(abs(turns[-1] - exact) <= 1.96 * bars)
    each = np.array(turns)
    # nine values, each within four standard errors of the mean: fails once in 1,700 by chance
    assert (abs(each.mean(axis=0) - exact) <= 4 * each.std(axis=0) / 150**0.5).all()
    # steps of one draw are not independent: about 300 free trials of .95, so 3 errors are .04
    assert 0.90 <= np.mean(held) <= 0.99


@settings(max_examples=40, deadline=None, database=None)
@given(
    st.lists(st.integers(0, 3), min_size=4, max_size=9),
    st.integers(0, 10**6),
    st.sampled_from(["coalitions", "prefixes"]),
)
def test_no_unit_is_made_or_lost_by_a_sample(levels: list[int], salt: int, method: str) -> None:
    playing = sum(1 for top in levels if top)
    if playing < 2:
        return
    rng = random.Random(salt)
    if method == "coalitions":
        plan = sample_plan(levels, evaluations=least_evaluations(levels), seed=beacon(salt))
    else:
        plan = prefix_plan(levels, upstream=rng.randint(1, playing), pairs=2, seed=beacon(salt))
    scores = {config: rng.randint(-NANO, NANO) for config in plan.configs}
    found = estimate(plan, scores)
    gain = scores[tuple(levels)] - scores[(0,) * len(levels)]
    assert sum(curve.heights[-1] for curve in found.curves) == found.scale * gain
    assert [len(curve.heights) for curve in found.curves] == [top + 1 for top in levels if top]
    assert len(plan.configs) == len(set(plan.configs))
    epoch = Epoch(
        tuple(
            tuple(Work(f"{i}.{lv}", f"who{lv}", f"s{i}") for lv in range(top))
            for i, top in enumerate(levels)
        )
    )
    terms, total = Terms(budget=10**18, target=NANO), of_gains([1, 2] * 50)
    settled = settle(found, epoch, terms=terms, total=total)
    assert sum(row.paid for row in settled.rows) == settled.pot
    assert min(row.paid for row in settled.rows) >= 0


@pytest.mark.parametrize("method", ["coalitions", "prefixes"])
def test_a_copy_has_the_same_height_and_a_copy_of_the_baseline_none(method: str) -> None:
    levels, parts = [1, 4, 1, 2, *[1] * 8], [9, 20, 5, 12, *range(3, 11)]
    meant = {(1, 1): 0, (1, 3): 2, (1, 4): 3, (3, 2): 1}  # level of which each is a copy

    def original(config: Config) -> Config:
        found = list(config)
        while (level := meant.get((1, found[1]))) is not None:
            found[1] = level
        found[3] = min(found[3], 1)
        return tuple(found)

    if method == "coalitions":
        plan = sample_plan(levels, evaluations=700, seed=beacon(1))
    else:
        plan = prefix_plan(levels, upstream=6, pairs=2, seed=beacon(1))
    assert plan.method == method
    found = estimate(plan, {c: worth(original(c), parts) for c in plan.configs})
    heights = {curve.step: curve.heights for curve in found.curves}
    # levels 2, 3 and 4 are one version, level 1 is the baseline
    assert heights[1][1] == 0
    assert heights[1][2] == heights[1][3] == heights[1][4] > 0
    assert heights[3][1] == heights[3][2] > 0


@pytest.mark.parametrize("method", ["coalitions", "prefixes"])
def test_versions_in_between_are_near_the_exact_curve(method: str) -> None:
    levels, parts = [1, 3, 1, 1, 1, 2, 1, 1, 1, 1], [20, 15, 9, 4, 12, 22, 8, 6, 18, 11]
    exact = step_curves(value_table(levels, {c: worth(c, parts) for c in configurations(levels)}))
    inside = []
    for turn in range(12):
        if method == "coalitions":
            plan = sample_plan(levels, evaluations=600, seed=beacon(turn))
        else:
            plan = prefix_plan(levels, upstream=5, pairs=20, seed=beacon(turn))
        found = estimate(plan, scored(plan, parts))
        for curve, truth, errors in zip(found.curves, exact.curves, found.errors, strict=True):
            for high, true, error in zip(curve.heights, truth.heights, errors, strict=True):
                off = abs(Fraction(high, found.scale) - Fraction(true, exact.scale))
                assert off <= 6 * error + 1
                inside.append(off <= 2 * error + 1)
    assert sum(inside) >= 0.85 * len(inside)


def test_forty_steps_are_sampled_within_their_bars() -> None:
    # v = sum of i, plus 50 if all of the first three are in: 50 / 3 more for each of these
    levels = [1] * 40
    plan = sample_plan(levels, evaluations=1000, seed=beacon(6))
    scores = {
        c: NANO * (sum(i * x for i, x in enumerate(c)) + 50 * min(c[:3])) for c in plan.configs
    }
    found = estimate(plan, scores)
    off = [
        abs(value / NANO - i - (50 / 3 if i < 3 else 0)) for i, value in enumerate(finals(found))
    ]
    assert all(x * NANO <= 4 * e for x, (_, e) in zip(off, found.errors, strict=True))
    assert sum(off) <= 0.1 * (sum(range(40)) + 50)
    with pytest.raises(ValueError, match="at most 62 players"):
        sample_plan([1] * 63, evaluations=2000, seed=beacon(0))


def test_an_idle_step_earns_nothing_from_prefixes() -> None:
    parts = [9, 0, 5, 12, 0, 7]  # the second and the fifth do nothing
    plan = prefix_plan([1] * 6, upstream=3, pairs=2, seed=beacon(3))
    found = estimate(plan, scored(plan, parts))
    assert [curve.heights[-1] for curve in found.curves][1::3] == [0, 0]
    assert [errors[-1] for errors in found.errors][1::3] == [0, 0]


def test_all_orders_of_two_upstream_steps_give_the_exact_curves() -> None:
    # one order of two steps and its reverse are all orders; behind them all choices are run
    levels, parts = [2, 1, 3], [20, 15, 9]
    every = product(range(3), range(2), range(4))
    scores: dict[Config, int] = {c: worth(c, parts) for c in every}
    exact = step_curves(value_table(levels, scores))
    plan = prefix_plan(levels, upstream=2, pairs=2, seed=beacon(4))
    assert set(plan.configs) <= set(configurations(levels))
    found = estimate(plan, scores)
    for curve, truth in zip(found.curves, exact.curves, strict=True):
        for high, true in zip(curve.heights, truth.heights, strict=True):
            assert Fraction(high, found.scale) == Fraction(true, exact.scale)


def test_the_same_beacon_plans_the_same_and_another_one_does_not() -> None:
    levels = [1] * 11 + [3]
    first, again, other = (
        sample_plan(levels, evaluations=500, seed=beacon(turn)) for turn in (1, 1, 2)
    )
    assert first == again
    assert first.configs != other.configs
    # pinned, because verifiers everywhere must plan the same: sha256 of the configurations
    assert hashlib.sha256(repr(first.configs).encode()).hexdigest().startswith("8a8b935a17bf7b69")
    heights = [curve.heights for curve in estimate(first, scored(first, [*range(3, 15)])).curves]
    assert hashlib.sha256(repr(heights).encode()).hexdigest().startswith("079ffcb07d8725ef")


def test_too_small_a_budget_is_refused_and_a_large_one_is_exact() -> None:
    levels = [1] * 12
    assert least_evaluations(levels) == 16 * 12
    with pytest.raises(ValueError, match="at least 192 evaluations"):
        sample_plan(levels, evaluations=191, seed=beacon(0))
    assert sample_plan(levels, evaluations=4096, seed=beacon(0)).method == "exact"
    with pytest.raises(ValueError, match="two pairs"):
        prefixes.draw(levels, upstream=3, pairs=1, seed=beacon(0))
    with pytest.raises(ValueError, match="as many pairs"):
        strata(6, 0, pairs=5, seed=beacon(0))
    with pytest.raises(ValueError, match="32 bytes"):
        sample_plan(levels, evaluations=192, seed=b"short")


def test_a_constant_gain_of_the_final_version_is_divided_in_proportion() -> None:
    drawn = strata(4, 1, pairs=4, seed=beacon(0))
    found, error = height(drawn, lambda _: (1, 4), final=Fraction(2), final_error=0.5)
    assert (found, error) == (Fraction(1, 2), 0.125)
    assert height(drawn, lambda _: (0, 0), final=Fraction(2), final_error=1)[0] == 0


def test_a_plan_keeps_to_its_budget_of_run_time() -> None:
    levels, dear = [1] * 13, [1] * 8 + [1000] + [1] * 4
    plans = {b: choose(levels, dear, b, seed=beacon(0)) for b in (150_000, 300_000, 10**6)}
    assert all(cost(plan.configs, dear) <= budget for budget, plan in plans.items())
    # 2^9 runs of the dear step are 512,000: all fits into a million
    assert [p.method for p in plans.values()] == ["prefixes", "coalitions", "exact"]
    with pytest.raises(ValueError, match="does not pay for 208 evaluations"):
        choose(levels, dear, 5000, seed=beacon(0))
    with pytest.raises(ValueError, match="one cost for each step"):
        choose(levels, [1], 5000, seed=beacon(0))
    # no step is dear: prefixes are not tried
    with pytest.raises(ValueError, match="does not pay"):
        choose(levels, [1] * 13, 50, seed=beacon(0))

"""What the gate promises about chance, on simulated challenges with fixed seeds."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest

from coopt_dag.credit import leverage, prefixes
from coopt_dag.credit.decide import Rule, by_bound, compare, decide
from coopt_dag.credit.fold import scale, shapley
from coopt_dag.credit.intervals import example_gains, interval
from coopt_dag.credit.mcnemar import p_value
from coopt_dag.credit.paired import of_gains, paired
from coopt_dag.credit.power import smallest_gain
from coopt_dag.model.nano import NANO


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (3, 1), (40, 17)])
def test_mcnemar_is_the_tail_of_fair_tosses(better: int, worse: int) -> None:
    tosses = better + worse
    ways = sum(comb(tosses, k) for k in range(better, tosses + 1))
    assert p_value(better=better, worse=worse) == Fraction(ways, 2**tosses)


def _passed(gain: float, *, rule: Rule, count: int, exact: bool) -> float:
    """Part of simulated comparisons that pass; a tenth of 2,000 examples differs."""
    rng = np.random.default_rng(5)
    odds = [(0.1 + gain) / 2, (0.1 - gain) / 2, 0.9]
    passed = 0
    for better, worse, _ in rng.multinomial(2000, odds, count).tolist():
        before = [NANO] * better + [0] * (2000 - better)
        after = [0] * better + [NANO] * worse + [0] * (2000 - better - worse)
        test = (
            compare(before, after, rule=rule)
            if exact
            else by_bound(paired(before, after), rule=rule)
        )
        passed += test.passed
    return passed / count


@pytest.mark.parametrize("exact", [True, False])
def test_chance_passes_no_more_often_than_alpha(exact: bool) -> None:
    # 1,000 comparisons without a gain at 5 %: three standard errors are 2.1 %
    assert _passed(0, rule=Rule(slots=1), count=1000, exact=exact) <= 0.05 + 0.021


def test_the_smallest_detectable_gain_is_found_four_times_in_five() -> None:
    gain = smallest_gain(2000, slots=100, discordance=NANO // 10) / NANO
    # 400 comparisons: three standard errors of 80 % are 6 %
    assert abs(_passed(gain, rule=Rule(slots=100), count=400, exact=False) - 0.8) <= 0.06


def test_intervals_cover_the_true_gain_as_often_as_they_say() -> None:
    rng, size = np.random.default_rng(11), 250
    chances = {c: 0.4 + 0.1 * c[0] + 0.07 * c[1] for c in product((0, 1), (0, 1, 2))}
    truth = {(0, 1): 0.1, (1, 1): 0.07, (1, 2): 0.07}  # additive: what each level adds
    covered = 0
    for _ in range(1000):
        hard = rng.random(size)  # one difficulty an example: configurations are correlated
        rows = {c: ((hard < p) * NANO).astype(np.int64) for c, p in chances.items()}
        gains = example_gains([1, 2], rows.__getitem__)
        for version, true in truth.items():
            low, high = interval(gains[version])
            covered += low <= true * NANO <= high
    assert 0.93 <= covered / 3000 <= 0.97


def test_bounds_never_round_towards_the_challenger() -> None:
    found = of_gains([3, 4, 5, 4] * 200)
    # mean 4 exactly, s^2 = 400/799, so the error is sqrt(400/799/800) = 0.02502
    assert found.lower_bound(10**9) == 3
    assert found.exceeds(3, z=10**9)
    assert not found.exceeds(4, z=0)


def test_few_clusters_and_few_differences_tell_nothing() -> None:
    rule = Rule(slots=1)
    assert by_bound(of_gains([1] * 499), rule=rule).reason == "fewer than 500 clusters"
    assert by_bound(of_gains([10**9] * 19 + [0] * 900), rule=rule).reason == (
        "fewer than 20 clusters differ"
    )


def test_a_broken_constraint_keeps_a_better_work_out() -> None:
    rule = Rule(slots=100, non_inferiority=1)
    better = compare([NANO] * 30, [0] * 30, rule=rule)
    verdict = decide(better, rule=rule, whole=of_gains([0] * 500), constraints={"time": False})
    assert (verdict.outcome, verdict.broken) == ("local record only", ("time",))
    same = compare([0] * 30, [0] * 30, rule=rule)
    assert decide(same, rule=rule, whole=of_gains([0] * 500)).outcome == "refused"


def test_a_sample_of_everything_is_exact() -> None:
    values = np.random.default_rng(3).integers(0, NANO, 1 << 6)
    exact = np.array(shapley(values)) / scale(6)
    sample = leverage.draw(6, evaluations=64, seed=bytes(32))
    found = leverage.estimate(sample, values[sample.masks])
    assert np.allclose(found.values, exact, rtol=0, atol=1e-3)
    assert not found.errors.any()


def test_every_order_by_itself_keeps_the_gain() -> None:
    values = np.random.default_rng(4).integers(0, NANO, 1 << 8)
    orders = prefixes.draw([1] * 8, upstream=4, pairs=60, seed=bytes(32))
    scores = {c: int(values[sum(x << i for i, x in enumerate(c))]) for c in prefixes.needed(orders)}
    found = prefixes.curves(orders, scores)
    heights = [curve.heights[-1] for curve in found.curves]
    assert sum(heights) == found.scale * (int(values[-1]) - int(values[0]))
    for height, exact, (_, error) in zip(heights, shapley(values), found.errors, strict=True):
        assert abs(height / found.scale - exact / scale(8)) <= 4 * error

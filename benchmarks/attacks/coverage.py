"""Coverage: how often the 95 % intervals of credit contain the true gain."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np

from benchmarks.attacks.world import SIZE
from coopt_dag.credit.curves import step_curves
from coopt_dag.credit.intervals import Version, example_gains, interval
from coopt_dag.credit.levels import Config, configurations
from coopt_dag.credit.values import value_table
from coopt_dag.model.nano import NANO

LEVELS = (1, 2, 2)
CHALLENGES = 1000


def covered(rng: np.random.Generator) -> dict[Version, bool]:
    """Simulate one challenge, and say for each version whether its interval contains the truth.

    An example is right if the effects of the three steps exceed its difficulty; effects and
    difficulties are normal, so the true score of a configuration is known exactly.
    """
    means = [(0.0, *np.cumsum(rng.uniform(-0.1, 0.3, top)).tolist()) for top in LEVELS]
    spreads = [(0.0, *rng.uniform(0.1, 0.5, top).tolist()) for top in LEVELS]
    effects = [
        [m + s * rng.standard_normal(SIZE) for m, s in zip(mean, spread, strict=True)]
        for mean, spread in zip(means, spreads, strict=True)
    ]
    difficulty = rng.standard_normal(SIZE)

    def found(config: Config) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        total = sum(effects[i][level] for i, level in enumerate(config))
        return np.where(total > difficulty, NANO, 0)

    def true(config: Config) -> int:
        mean = sum(means[i][level] for i, level in enumerate(config))
        spread = sqrt(1 + sum(spreads[i][level] ** 2 for i, level in enumerate(config)))
        return round(NormalDist().cdf(mean / spread) * NANO)

    exact = step_curves(value_table(LEVELS, {c: true(c) for c in configurations(LEVELS)}))
    truth = {(c.step, level): raw for c in exact.curves for level, raw in enumerate(c.raw, 1)}
    inside = {}
    for version, gains in example_gains(LEVELS, found).items():
        low, high = interval(gains)
        inside[version] = low * exact.scale <= truth[version] <= high * exact.scale
    return inside


def coverage(challenges: int = CHALLENGES) -> tuple[float, float, float]:
    """Give the part of intervals that contain the truth: of all, of the worst and best version."""
    rows = [covered(np.random.default_rng([95, i])) for i in range(challenges)]
    parts = [sum(row[version] for row in rows) / challenges for version in rows[0]]
    return sum(parts) / len(parts), min(parts), max(parts)

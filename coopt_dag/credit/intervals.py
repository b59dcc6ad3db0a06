"""Intervals of credit: a raw gain is linear in the score of each example, so it has a mean.

The interval says how much a version's gain would move on another sealed set of the same kind.

References
----------
Cameron and Miller, A practitioner's guide to cluster-robust inference (2015),
doi:10.3368/jhr.50.2.317.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.credit.fold import scale, size_weights
from coopt_dag.credit.levels import Config, configurations, players
from coopt_dag.credit.paired import of_gains, paired
from coopt_dag.credit.spending import z_nano

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

COVER = Fraction(95, 100)

Version = tuple[int, int]
"""Place of the step and level, from 1."""


def example_gains(
    levels: Sequence[int], scores: Callable[[Config], NDArray[np.int64]]
) -> dict[Version, NDArray[np.float64]]:
    """Give each version's raw gain on each example, in 1e-9; their mean is the version's raw gain.

    Parameters
    ----------
    scores : callable
        Scores of all examples under a configuration, in 1e-9, higher is better. It is called once
        for each of `configurations(levels)`, so they need not be in memory together.

    Examples
    --------
    >>> rows = {(0, 0): [0, 0], (1, 0): [0, 10], (0, 1): [20, 20], (1, 1): [20, 60]}
    >>> gains = example_gains([1, 1], lambda config: np.array(rows[config]))
    >>> gains[0, 1].tolist(), gains[1, 1].tolist()
    ([0.0, 25.0], [20.0, 35.0])
    """
    heights: dict[Version, NDArray[np.int64]] = {}
    for config in configurations(levels):
        found = scores(config)
        for version, weight in _places(levels, config):
            if version in heights:
                heights[version] += weight * found
            else:
                heights[version] = weight * found
    unit = scale(len(players(levels)))
    return {
        (i, level): (heights[i, level] - heights[i, level - 1]) / unit
        for i in players(levels)
        for level in range(1, levels[i] + 1)
    }


def interval(
    gains: NDArray[np.float64],
    clusters: Sequence[Hashable] | None = None,
    *,
    cover: Fraction = COVER,
) -> tuple[int, int]:
    """Give the two-sided interval of the mean in 1e-9, rounded outwards.

    Examples
    --------
    Mean 5; the standard error is 5 / sqrt(99) = 0.5025, times 1.96 is 0.985.

    >>> [edge // 10**6 for edge in interval(np.array([0.0, 10.0] * 50) * 1e9)]
    [4015, 5984]
    """
    whole = [round(gain) for gain in gains.tolist()]
    found = of_gains(whole) if clusters is None else paired(whole, [0] * len(whole), clusters)
    z = z_nano((1 - cover) / 2)
    losses = replace(found, total=-found.total)
    return found.lower_bound(z), -losses.lower_bound(z)


def _places(levels: Sequence[int], config: Config) -> list[tuple[Version, int]]:
    """Say with which weight a configuration counts in which step's curve."""
    playing = players(levels)
    weights = size_weights(len(playing))
    inner = [i for i in playing if 0 < config[i] < levels[i]]
    size = sum(1 for i in playing if config[i] == levels[i])
    return [((i, config[i]), weights[size - (config[i] == levels[i])]) for i in (inner or playing)]

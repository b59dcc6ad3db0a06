"""Paired comparison of two works on the same examples, in whole numbers, clustered.

References
----------
Student (1908), doi:10.2307/2331554; Donner and Klar, Design and analysis of cluster randomization
trials in health research (2000), for means of clusters as the unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

MIN_CLUSTERS = 500
"""Fewer are not near enough to a normal distribution for alpha / T."""

MIN_DISCORDANT = 20
"""Where fewer clusters differ, the variance itself is not known."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Sums over clusters of the difference, in 1e-9; positive is better.

    `total` and `squares` are of the clusters' mean differences; `discordant` counts those that
    are not 0.
    """

    clusters: int
    discordant: int
    total: int
    squares: int

    @property
    def mean(self) -> int:
        """The mean gain in 1e-9, rounded down."""
        return self.total // self.clusters

    @property
    def error(self) -> int:
        """The standard error of the mean in 1e-9, rounded up."""
        if self.clusters < 2:
            return 0
        bottom = self.clusters**2 * (self.clusters - 1)
        return _root_up(-(-self._spread() // bottom))

    def lower_bound(self, z: int) -> int:
        """Give the lower confidence bound of the mean in 1e-9, rounded down; `z` is in 1e-9.

        Three of six got better: 0.5 - 1.645 * 0.5477 / sqrt(6) = 0.1322.

        >>> paired([10**9] * 6, [10**9] * 3 + [0] * 3).lower_bound(1644853627)
        132199547
        """
        return (self.total * NANO - self._margin(z)) // (self.clusters * NANO)

    def exceeds(self, least: int, *, z: int) -> bool:
        """Tell whether mean - z * error > least, without any rounding that helps the challenger."""
        return self.total * NANO - self._margin(z) > least * self.clusters * NANO

    def _spread(self) -> int:
        """Sum of squared deviations from the mean, times the number of clusters."""
        return self.clusters * self.squares - self.total**2

    def _margin(self, z: int) -> int:
        """Give z * s * sqrt(clusters) in units of 1e-18, rounded up; s has n - 1 below."""
        if self.clusters < 2:
            raise ValueError("one cluster has no variance")
        return _root_up(-(-z * z * self._spread() // (self.clusters - 1)))


def paired(
    before: Sequence[int], after: Sequence[int], clusters: Sequence[Hashable] | None = None
) -> Paired:
    """Compare losses of the incumbent (`before`) and the challenger (`after`).

    Parameters
    ----------
    before, after : sequences of int
        Losses of the same examples in the same order, in 1e-9; lower is better.
    clusters : sequence, optional
        What each example belongs to, such as a user; without it each stands alone.

    Raises
    ------
    ValueError
        The sequences differ in length or are empty.

    Examples
    --------
    >>> paired([4, 4, 9], [1, 3, 9], clusters=["ann", "ann", "bob"])
    Paired(clusters=2, discordant=1, total=2, squares=4)
    """
    gains = [a - b for a, b in zip(before, after, strict=True)]
    if not gains:
        raise ValueError("nothing to compare")
    return of_gains(gains if clusters is None else _means(gains, clusters))


def of_gains(gains: Iterable[int]) -> Paired:
    """Sum up gains that are independent of each other.

    >>> of_gains([3, 0, -1])
    Paired(clusters=3, discordant=2, total=2, squares=10)
    """
    found = list(gains)
    return Paired(
        clusters=len(found),
        discordant=sum(1 for gain in found if gain),
        total=sum(found),
        squares=sum(gain * gain for gain in found),
    )


def _means(gains: Sequence[int], clusters: Sequence[Hashable]) -> list[int]:
    """Mean of each cluster in 1e-9, half to even: no side is favoured."""
    groups: dict[Hashable, list[int]] = {}
    for gain, cluster in zip(gains, clusters, strict=True):
        groups.setdefault(cluster, []).append(gain)
    return [_divide(sum(group), len(group)) for group in groups.values()]


def _divide(number: int, by: int) -> int:
    whole, rest = divmod(number, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


def _root_up(number: int) -> int:
    root = isqrt(number)
    return root + (root * root < number)

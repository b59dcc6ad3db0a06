"""Heights of versions between baseline and final, from a sample, given the final version's.

For some coalitions of the other steps all levels of one step are scored. How a version's gain goes
with the final version's, coalition by coalition, carries the final height over (regression
estimator): a copy of the final version gets its height exactly, one of the baseline gets 0. The
slope comes from the same sample, which makes a bias of the order of 1 / pairs.

References
----------
Cochran, Sampling techniques (1977), chapters 5 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

from coopt_dag.credit.leverage import coalitions, evenly, room

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Stratum:
    """Coalitions of the n - 1 others of one size, each of which stands for itself and its rest."""

    masks: tuple[int, ...]
    weight: Fraction
    every: int
    """How many pairs of this size there are."""


def strata(n: int, player: int, *, pairs: int, seed: bytes) -> tuple[Stratum, ...]:
    """Draw pairs of coalitions without the player, as many of each size; at least n.

    >>> [len(one.masks) for one in strata(6, 2, pairs=12, seed=bytes(32))]
    [1, 5, 6]
    """
    if pairs < n:
        raise ValueError("at least as many pairs as players")
    sizes = range((n - 1) // 2 + 1)
    every = [room(n - 1, size) for size in sizes]
    found = []
    for size, count in zip(sizes, evenly(every, pairs), strict=True):
        drawn = coalitions(n - 1, size, count=count, seed=seed, label=f"without {player} ")
        masks = tuple(_widen(mask, player) for mask in drawn)
        weight = Fraction(1 if 2 * size == n - 1 else 2, n)
        found.append(Stratum(masks, weight, every[size]))
    return tuple(found)


def rest(n: int, player: int, mask: int) -> int:
    """Give the others who are not in a coalition.

    >>> bin(rest(4, 1, 0b0001))
    '0b1100'
    """
    return mask ^ (1 << n) - 1 ^ 1 << player


def height(
    drawn: Sequence[Stratum],
    gains: Callable[[int], tuple[int, int]],
    *,
    final: Fraction,
    final_error: float,
) -> tuple[Fraction, float]:
    """Give a version's height and its standard error, in the unit of the scores.

    Parameters
    ----------
    gains : callable
        Of a mask: gain of the version and of the final one over the baseline, summed over the
        coalition and its rest.

    Examples
    --------
    >>> drawn = strata(5, 0, pairs=5, seed=bytes(32))
    >>> height(drawn, lambda mask: (mask, 2 * mask), final=Fraction(40), final_error=2.0)
    (Fraction(20, 1), 1.0)
    """
    own, last = Fraction(0), Fraction(0)
    moments = [Fraction(0)] * 3
    for one in drawn:
        pairs = [gains(mask) for mask in one.masks]
        count = len(pairs)
        own += one.weight * Fraction(sum(a for a, _ in pairs), 2 * count)
        last += one.weight * Fraction(sum(b for _, b in pairs), 2 * count)
        if 1 < count < one.every:
            share = one.weight**2 * (1 - Fraction(count, one.every)) / count
            moments = [x + share * y for x, y in zip(moments, _moments(pairs), strict=True)]
    owns, both, lasts = moments
    slope = both / lasts if lasts else (own / last if last else Fraction(0))
    spread = owns - 2 * slope * both + slope**2 * lasts
    error = sqrt(spread + (slope * Fraction(final_error)) ** 2)
    return own + slope * (final - last), error


def _moments(pairs: Sequence[tuple[int, int]]) -> tuple[Fraction, Fraction, Fraction]:
    """Variances and covariance of halves of the sums."""
    count = len(pairs)
    a, b = sum(x for x, _ in pairs), sum(y for _, y in pairs)
    under = 4 * count * (count - 1)
    return (
        Fraction(count * sum(x * x for x, _ in pairs) - a * a, under),
        Fraction(count * sum(x * y for x, y in pairs) - a * b, under),
        Fraction(count * sum(y * y for _, y in pairs) - b * b, under),
    )


def _widen(mask: int, player: int) -> int:
    """Make room for the player's own bit."""
    low = mask & (1 << player) - 1
    return low | (mask ^ low) << 1

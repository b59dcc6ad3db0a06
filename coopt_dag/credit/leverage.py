"""Shapley values from a sample of coalitions: paired leverage sampling and a least-squares fit.

Coalitions come in pairs (S and the rest), as many of each size (their leverage), without repeats,
so small sizes are covered completely. The fit is KernelSHAP's, with the gain as its constraint.

References
----------
Lundberg and Lee, A unified approach to interpreting model predictions (2017), arXiv:1705.07874;
Musco and Witter, Provably accurate Shapley value estimation via leverage score sampling (2024),
arXiv:2410.01917; Covert and Lee, Improving KernelSHAP (2021), arXiv:2012.01536.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.credit.draws import permutations

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_PER_PLAYER = 16
"""Fewer evaluations than 16 n make error bars that mean nothing."""

_PARTS = 16
"""Parts of the sample that are left out in turn for the error bars."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Coalitions to evaluate: `masks` are none, all, then pairs S, rest, S, rest, ..."""

    n: int
    masks: NDArray[np.int64]
    weights: NDArray[np.float64]
    """Weight in the fit, one for each pair."""
    strata: NDArray[np.int64]
    """Smaller size of each pair."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Shapley values in the unit of the scores, which sum to the gain, and their errors."""

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    evaluations: int


def draw(n: int, *, evaluations: int, seed: bytes) -> Sample:
    """Choose coalitions of n players; the same seed gives the same ones.

    Parameters
    ----------
    evaluations : int
        At most so many coalitions, at least 16 n (or all 2^n, if these are fewer).
    seed : bytes
        32 bytes, from a beacon of the ledger that was fixed after submissions closed.

    Examples
    --------
    >>> sample = draw(10, evaluations=200, seed=bytes(32))
    >>> sample.masks.size, len(set(sample.masks.tolist()))
    (200, 200)
    """
    if n < 2 or evaluations < min(LEAST_PER_PLAYER * n, 1 << n):
        raise ValueError(f"at least two players and {LEAST_PER_PLAYER} evaluations for each")
    counts = _counts(n, (evaluations - 2) // 2)
    masks, weights, strata = [0, (1 << n) - 1], [], []
    for size, count in counts.items():
        for mask in _coalitions(n, size, count, seed):
            masks += [mask, mask ^ (1 << n) - 1]
        weights += [(n - 1) / (size * (n - size)) * _part(n, size) / count] * count
        strata += [size] * count
    return Sample(n, np.array(masks), np.array(weights), np.array(strata))


def estimate(sample: Sample, scores: NDArray[np.int64]) -> Estimate:
    """Fit Shapley values to the scores of `sample.masks`.

    Errors are standard errors by leaving out parts of the pairs in turn; they leave out what is
    covered completely.

    Examples
    --------
    An additive game is found exactly.

    >>> sample = draw(4, evaluations=16, seed=bytes(32))
    >>> worth = np.array([1, 2, 3, 4])
    >>> scores = (sample.masks[:, None] >> np.arange(4) & 1) @ worth
    >>> estimate(sample, scores).values.round(9).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    if scores.shape != sample.masks.shape:
        raise ValueError("one score for each coalition")
    places = np.arange(sample.n)
    members = (sample.masks[2::2, None] >> places & 1).astype(np.float64)
    # A pair sees only the odd part of the game: v(S) - v(rest), as S less rest would have it.
    halves = (scores[2::2] - scores[3::2]).astype(np.float64) / 2
    signs, gain = members - 0.5, float(scores[1] - scores[0])
    weights = sample.weights
    full = _fit(signs, halves, weights, gain)
    return Estimate(full, _errors(sample, signs, halves, gain), sample.masks.size)


def _counts(n: int, pairs: int) -> dict[int, int]:
    """Share out pairs evenly over sizes, half for n/2, its own rest; small ones fill up."""
    room = {size: int(comb(n, size) * _part(n, size)) for size in range(1, n // 2 + 1)}
    found: dict[int, int] = {}
    for size in sorted(room, key=lambda size: room[size] / _part(n, size)):
        parts = sum(_part(n, other) for other in room if other not in found)
        found[size] = min(room[size], max(1, round(pairs * _part(n, size) / parts)), pairs)
        pairs -= found[size]
    return {size: count for size, count in sorted(found.items()) if count}


def _part(n: int, size: int) -> float:
    return 0.5 if 2 * size == n else 1.0


def _coalitions(n: int, size: int, count: int, seed: bytes) -> list[int]:
    """Give so many of one size, none twice, and none with its own rest."""
    if count == int(comb(n, size) * _part(n, size)):
        every = (sum(1 << i for i in chosen) for chosen in combinations(range(n), size))
        return [mask for mask in every if 2 * size < n or mask & 1]
    found: dict[int, None] = {}
    for turn in range(64 + count):
        rows = permutations(seed, f"coalitions {size} {turn}", count=2 * count, n=n)
        for row in rows[:, :size].tolist():
            mask = sum(1 << i for i in row)
            if 2 * size == n and not mask & 1:
                mask ^= (1 << n) - 1
            found[mask] = None
            if len(found) == count:
                return list(found)
    raise AssertionError("draws do not reach all coalitions")


def _fit(
    signs: NDArray[np.float64],
    halves: NDArray[np.float64],
    weights: NDArray[np.float64],
    gain: float,
) -> NDArray[np.float64]:
    """Weighted least squares under the constraint that the values sum to the gain."""
    n = signs.shape[1]
    left = signs.T * weights
    system = np.zeros((n + 1, n + 1))
    system[:n, :n] = left @ signs
    system[:n, n] = system[n, :n] = 1
    solved: NDArray[np.float64] = np.linalg.solve(system, np.append(left @ halves, gain))
    return solved[:n]


def _errors(
    sample: Sample, signs: NDArray[np.float64], halves: NDArray[np.float64], gain: float
) -> NDArray[np.float64]:
    """Leave out parts in turn; sizes that are covered completely stay in every part."""
    counts = np.bincount(sample.strata, minlength=sample.n)
    full = [counts[s] == int(comb(sample.n, s) * _part(sample.n, s)) for s in range(sample.n)]
    free = ~np.array(full)[sample.strata]
    if not free.any():
        return np.zeros(sample.n)
    turns = np.arange(free.size) % _PARTS
    fits = []
    for part in range(_PARTS):
        keep = ~free | (turns != part)
        kept = np.bincount(sample.strata[keep], minlength=sample.n)
        again = counts[sample.strata[keep]] / kept[sample.strata[keep]]
        fits.append(_fit(signs[keep], halves[keep], sample.weights[keep] * again, gain))
    spread = np.var(np.array(fits), axis=0)
    found: NDArray[np.float64] = np.sqrt((_PARTS - 1) * spread)
    return found

"""Shapley values from a sample of coalitions: paired leverage sampling and a smooth surrogate.

Coalitions come in pairs (S and the rest), as many of each size (their leverage), without repeats,
so small sizes are covered completely. A smooth game is fitted to three quarters of the pairs, and
what it misses is measured on the last quarter, four times in turn: whatever the surrogate is, the
mean over all samples is the Shapley value (no bias); the nearer it is, the smaller the error.

References
----------
Musco and Witter, Provably accurate Shapley value estimation via leverage score sampling (2024),
arXiv:2410.01917; Covert and Lee, Improving KernelSHAP (2021), arXiv:2012.01536 (pairs);
Witter, Liu and Musco, Regression-adjusted Monte Carlo estimators for Shapley values and
probabilistic values (2025), arXiv:2506.11849; Cochran, Sampling techniques (1977), chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.credit import surrogate
from coopt_dag.credit.draws import permutations

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_PER_PLAYER = 16
"""Fewer evaluations than 16 n make error bars that mean nothing."""

_MOST_PLAYERS = 62

_FOLDS = 4
"""Parts of the sample on which the others' surrogate is measured in turn."""

_MOST_POINTS = 1024
"""Pairs that a surrogate is fitted to; the time grows with their third power."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Coalitions to evaluate: `masks` are none, all, then pairs S, rest, S, rest, ..."""

    n: int
    masks: NDArray[np.int64]
    strata: NDArray[np.int64]
    """Size of S of each pair, at most n/2; 0 of the first pair."""

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Give how many pairs of each size were drawn, and how many there are."""
        every = [float(room(self.n, size)) for size in range(self.n // 2 + 1)]
        return np.bincount(self.strata, minlength=len(every)), np.array(every)


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
    if n > _MOST_PLAYERS:
        raise ValueError(f"at most {_MOST_PLAYERS} players: a coalition is a 64-bit number")
    if n < 2 or evaluations < min(LEAST_PER_PLAYER * n, 1 << n):
        raise ValueError(f"at least two players and {LEAST_PER_PLAYER} evaluations for each")
    sizes = range(1, n // 2 + 1)
    counts = evenly([room(n, size) for size in sizes], (evaluations - 2) // 2)
    masks, strata = [0, (1 << n) - 1], [0]
    for size, count in zip(sizes, counts, strict=True):
        for mask in coalitions(n, size, count=count, seed=seed):
            masks += [mask, mask ^ (1 << n) - 1]
        strata += [size] * count
    return Sample(n, np.array(masks, dtype=np.int64), np.array(strata))


def estimate(sample: Sample, scores: NDArray[np.int64]) -> Estimate:
    """Estimate Shapley values from the scores of `sample.masks`; unbiased over seeds.

    Errors are standard errors of the sampling; what is covered completely has none.

    Examples
    --------
    All coalitions give the exact values.

    >>> sample = draw(4, evaluations=16, seed=bytes(32))
    >>> worth = np.array([1, 2, 3, 4])
    >>> scores = (sample.masks[:, None] >> np.arange(4) & 1) @ worth
    >>> estimate(sample, scores).values.round(9).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    if scores.shape != sample.masks.shape:
        raise ValueError("one score for each coalition")
    # A pair sees only the odd part of the game; Shapley values see no other.
    odd = (scores[1::2] - scores[::2]).astype(np.float64) / 2
    folds = _folds(sample)
    turns = [part for part in range(_FOLDS) if (folds == part).any()]
    found, held = np.zeros(sample.n), np.zeros(odd.size)
    if not turns:
        found = _weighted(sample, odd)
    for part in turns:
        values, missed = _one_fold(sample, odd, folds == part)
        found += values / len(turns)
        held = np.where(folds == part, missed, held)
    gain = float(scores[1] - scores[0])
    found += (gain - float(sum(found.tolist()))) / sample.n
    return Estimate(found, _errors(sample, held), sample.masks.size)


def evenly(rooms: list[int], total: int) -> list[int]:
    """Share out a total evenly; who has less room than that is filled, and the rest get more.

    >>> evenly([1, 9, 9], 12)
    [1, 6, 5]
    """
    found = [0] * len(rooms)
    left = total
    for done, place in enumerate(sorted(range(len(rooms)), key=lambda place: rooms[place])):
        found[place] = min(rooms[place], -(-left // (len(rooms) - done)))
        left -= found[place]
    return found


def _one_fold(
    sample: Sample, odd: NDArray[np.float64], out: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit to the pairs that are not out; add what the surrogate misses, known or by proportion."""
    n, points = sample.n, sample.masks[1::2]
    used = np.flatnonzero(~out)[:_MOST_POINTS]
    weights = surrogate.fit(n, points[used], odd[used])
    missed = odd - surrogate.predict(n, points[used], weights, points)
    drawn, every = sample.counts()
    held = np.bincount(sample.strata[out], minlength=drawn.size)
    times = (every - (drawn - held)) / np.maximum(held, 1)
    found = surrogate.shapley(n, points[used], weights)
    return found + _weighted(sample, missed * np.where(out, times[sample.strata], 1)), missed


def _weighted(sample: Sample, odd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up what each pair's odd score is in each Shapley value, in a fixed order."""
    found = np.zeros(sample.n)
    for row, score in zip(_rows(sample), odd, strict=True):
        found += row * score
    return found


def _rows(sample: Sample) -> NDArray[np.float64]:
    """Part of each pair's odd score in each Shapley value: 2 w(s - 1) if in it, else -2 w(s)."""
    n = sample.n
    weights = np.array([2 / (n * comb(n - 1, size)) for size in range(n)] + [0.0])
    sizes = n - sample.strata
    members = sample.masks[1::2, None] >> np.arange(n) & 1
    found: NDArray[np.float64] = np.where(
        members, weights[sizes - 1][:, None], -weights[sizes][:, None]
    )
    return found


def _folds(sample: Sample) -> NDArray[np.int64]:
    """Deal out the pairs of each size in turn; sizes that are covered completely are in no fold."""
    drawn, every = sample.counts()
    found = np.full(sample.strata.size, -1)
    for size in np.flatnonzero(drawn < every):
        places = np.flatnonzero(sample.strata == size)
        found[places] = np.arange(places.size) % _FOLDS
    return found


def _errors(sample: Sample, held: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stratified sampling without replacement of what the surrogate misses."""
    drawn, every = sample.counts()
    parts, found = _rows(sample) * held[:, None], np.zeros(sample.n)
    for size in np.flatnonzero(drawn < every):
        rows = parts[sample.strata == size]
        middle, spread = np.zeros(sample.n), np.zeros(sample.n)
        for row in rows:
            middle += row / len(rows)
        for row in rows:
            spread += (row - middle) ** 2 / (len(rows) - 1)
        found += every[size] * (every[size] - drawn[size]) / drawn[size] * spread
    return np.sqrt(found)


def room(n: int, size: int) -> int:
    """Count the pairs of a size; of size n/2, S and the rest are the same pair.

    >>> [room(4, size) for size in range(3)]
    [1, 4, 3]
    """
    return comb(n, size) // (2 if 2 * size == n else 1)


def coalitions(n: int, size: int, *, count: int, seed: bytes, label: str = "") -> list[int]:
    """Draw so many coalitions of one size, none twice, and none with its own rest.

    >>> coalitions(4, 2, count=3, seed=bytes(32))     # pairs with player 0, and their rests
    [3, 5, 9]
    """
    if count == room(n, size):
        every = (sum(1 << i for i in chosen) for chosen in combinations(range(n), size))
        return [mask for mask in every if 2 * size < n or mask & 1]
    found: dict[int, None] = {}
    for turn in range(64 + count):
        rows = permutations(seed, f"coalitions {label}{size} {turn}", count=2 * count, n=n)
        for row in rows[:, :size].tolist():
            mask = sum(1 << i for i in row)
            if 2 * size == n and not mask & 1:
                mask ^= (1 << n) - 1
            found[mask] = None
            if len(found) == count:
                return list(found)
    raise AssertionError("draws do not reach all coalitions")

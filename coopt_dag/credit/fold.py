"""Shapley values of all players in one pass over the value table, exact in whole numbers.

phi_i = sum over S with i of a(s) v(S), less sum over S of w(s) v(S), where w(s) = 1/(n C(n-1, s))
and a(s) = w(s-1) + w(s). The first sums for all i come from folding the weighted table in halves;
the second sum is the same for all i and follows from efficiency.

References
----------
Shapley, A value for n-person games (1953), doi:10.1515/9781400881970-018.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb, lcm
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TILE_BITS = 13
"""A tile of 8,192 numbers and its weights stay in the processor's cache."""

_INT64_MAX = 2**63 - 1


def scale(n: int) -> int:
    """Give D = lcm(1..n): D times a Shapley value of whole numbers is a whole number.

    >>> scale(4), scale(0)
    (12, 1)
    """
    return lcm(*range(1, n + 1))


def size_weights(n: int) -> tuple[int, ...]:
    """Give w(s) = D / (n C(n-1, s)) for s = 0..n-1, whole numbers; sum of C(n-1, s) w(s) is D.

    >>> size_weights(3)
    (2, 1, 2)
    """
    return tuple(scale(n) // (n * comb(n - 1, s)) for s in range(n))


def sizes(n: int) -> NDArray[np.int64]:
    """Give the number of bits of 0..2^n - 1.

    >>> sizes(2).tolist()
    [0, 1, 1, 2]
    """
    found = np.zeros(1 << n, np.int64)
    for bit in range(n):
        found[1 << bit : 2 << bit] = found[: 1 << bit] + 1
    return found


def shapley(values: NDArray[np.int64]) -> list[int]:
    """Give D times the Shapley value of each player; they sum to D (v(all) - v(none)) exactly.

    Takes O(2^n) additions and, next to the table, a few tiles of 64 KiB.

    Parameters
    ----------
    values : array of int64, shape (2^n,)
        v(S) at the place whose bits are S.

    Examples
    --------
    >>> import numpy as np
    >>> shapley(np.array([0, 10, 20, 40]))     # D = 2; the players get 15 and 25
    [30, 50]
    """
    n = values.size.bit_length() - 1
    if values.size != 1 << n or values.dtype != np.int64 or values.ndim != 1:
        raise ValueError("values must be int64, one for each of 2^n coalitions")
    if n == 0:
        return []
    weights = size_weights(n)
    both = [0, *(weights[s - 1] + (weights[s] if s < n else 0) for s in range(1, n + 1))]
    sums = _halves(values, n, both)
    gain = scale(n) * (int(values[-1]) - int(values[0]))
    rest, none = divmod(sum(sums) - gain, n)
    if none:
        raise AssertionError("the fold has lost a unit")
    return [found - rest for found in sums]


def weighted_sum(values: NDArray[np.int64], weights: tuple[int, ...]) -> int:
    """Sum weights[|S|] * values[S] over all S, exactly.

    >>> weighted_sum(np.array([1, 2, 3, 4]), (1, 10, 100))
    451
    """
    n = values.size.bit_length() - 1
    table = np.array(weights, dtype=np.int64)[sizes(n)]
    total = sum(weights[s] * comb(n, s) for s in range(n + 1))
    return sum(int((part * table).sum()) << shift for part, shift in _limbs(values, total))


def _halves(values: NDArray[np.int64], n: int, both: list[int]) -> list[int]:
    """For each i sum both[|S|] * values[S] over the S that contain i."""
    low = min(n, _TILE_BITS)
    tables = _tables(n, low, tuple(both))
    total = sum(both[s] * comb(n, s) for s in range(n + 1))
    sums = [0] * n
    for part, shift in _limbs(values, total):
        for i, found in enumerate(_tiles(part.reshape(-1, 1 << low), tables, n, low)):
            sums[i] += found << shift
    return sums


@lru_cache(maxsize=4)
def _tables(n: int, low: int, both: tuple[int, ...]) -> NDArray[np.int64]:
    """Row p: weights of a tile whose high bits are p in number."""
    weights = np.array(both, dtype=np.int64)
    table: NDArray[np.int64] = weights[np.arange(n - low + 1)[:, None] + sizes(low)[None, :]]
    return table


def _tiles(tiles: NDArray[np.int64], tables: NDArray[np.int64], n: int, low: int) -> list[int]:
    """Fold tile by tile: high bits collect sums of tiles, low bits the sum of all tiles."""
    sums, folded = [0] * n, np.zeros(1 << low, np.int64)
    weighted = np.empty_like(folded)
    for high, tile in enumerate(tiles):
        np.multiply(tile, tables[high.bit_count()], out=weighted)
        folded += weighted
        whole = int(weighted.sum())
        for bit in range(n - low):
            if high >> bit & 1:
                sums[low + bit] += whole
    for bit in range(low - 1, -1, -1):
        upper = folded[1 << bit :]
        sums[bit] = int(upper.sum())
        folded = folded[: 1 << bit] + upper
    return sums


def _limbs(values: NDArray[np.int64], total: int) -> list[tuple[NDArray[np.int64], int]]:
    """Cut the numbers into pieces of so few bits that `total` times one fits into 64 bits."""
    most = max(abs(int(values.max())), abs(int(values.min())))
    if most * total <= _INT64_MAX:
        return [(values, 0)]
    width = (_INT64_MAX // total).bit_length() - 1
    if width < 1:
        raise ValueError("too many players for exact 64-bit sums")
    found, shift = [], 0
    while most:
        found.append((values & ((1 << width) - 1), shift))
        values, most, shift = values >> width, most >> width, shift + width
    found.append((values, shift))
    return found

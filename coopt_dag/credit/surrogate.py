"""A smooth game that passes near some sampled scores, whose Shapley values are known exactly.

Ridge regression on the odd part of a game, (v(S) - v(rest)) / 2, with the kernel prod(1 + x y / n)
over players that are +1 (in) or -1 (out): all main effects, and triples, fives, ... as far as the
scores ask for them. Pairs have no part in an odd game, nor in a Shapley value.

Only products and differences of whole arrays are used, in a fixed order: they are rounded alike
everywhere, so two machines find the same bits.

References
----------
Witter, Liu and Musco, Regression-adjusted Monte Carlo estimators for Shapley values and
probabilistic values (2025), arXiv:2506.11849; Saunders, Gammerman and Vovk, Ridge regression
learning algorithm in dual variables (1998).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.credit.fold import scale, size_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIDGE = 1 / 64
"""Part of a score's variance that is taken for rough: scores of real runs are not smooth."""

_MAIN = 1024
"""Weight of main effects: so much that the ridge does not shrink them."""


def fit(n: int, masks: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each point's weight in the smooth game.

    Parameters
    ----------
    masks : array of int64, shape (m,)
        Coalitions; none is another's rest.
    values : array of float64, shape (m,)
        Odd part of the game there.
    """
    matrix = kernel(n)[distances(masks, masks)]
    matrix[np.diag_indices(masks.size)] += RIDGE
    return _solve(matrix, values)


def predict(
    n: int, masks: NDArray[np.int64], weights: NDArray[np.float64], at: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give the smooth game at other coalitions; it is odd.

    >>> masks, at = np.array([0b0001, 0b0011]), np.array([0b1110, 0b0001])
    >>> found = predict(4, masks, fit(4, masks, np.array([2.0, 3.0])), at)
    >>> bool(found[0] == -found[1]), bool(abs(found[1] - 2) < 1e-3)
    (True, True)
    """
    table, found = kernel(n), np.zeros(at.size)
    for mask, weight in zip(masks, weights, strict=True):
        found += table[distances(np.array([mask]), at)[0]] * weight
    return found


def shapley(n: int, masks: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the smooth game's Shapley values, twice those of its odd part's halves.

    >>> found = shapley(3, np.array([0b111]), np.array([0.5 / 1025]))   # 0.5 at all, -0.5 at none
    >>> found.round(12).tolist() == [round(1 / 3, 12)] * 3
    True
    """
    inside, outside = _kernel_values(n)
    places, found = np.arange(n), np.zeros(n)
    for mask, weight in zip(masks, weights, strict=True):
        size = int(mask).bit_count()
        found += np.where(mask >> places & 1, inside[size], outside[size]) * weight
    return found


def distances(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the players in which coalitions differ, one row for each on the left."""
    found: NDArray[np.int64] = np.bitwise_count(left[:, None] ^ right[None, :]).astype(np.int64)
    return found


def kernel(n: int) -> NDArray[np.float64]:
    """Give the odd kernel by distance; main effects count 1024 times more than the rest.

    >>> kernel(2).tolist()
    [1025.0, 0.0, -1025.0]
    """
    return np.array([float(value) for value in _kernel(n)])


@lru_cache(maxsize=8)
def _kernel(n: int) -> tuple[Fraction, ...]:
    near, far = n + 1, n - 1
    both = [near ** (n - d) * far**d - far ** (n - d) * near**d for d in range(n + 1)]
    main = [Fraction(_MAIN * (n - 2 * d), n) for d in range(n + 1)]
    return tuple(Fraction(value, both[0]) + main[d] for d, value in enumerate(both))


@lru_cache(maxsize=8)
def _kernel_values(n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Shapley values of S -> kernel(S, T), of players in T and of others, by the size of T."""
    table, weights, unit = _kernel(n), size_weights(n), scale(n)
    inside, outside = [0.0], [float(Fraction(table[n] - table[0], n))]
    for size in range(1, n + 1):
        one = Fraction(0)
        for a in range(size):
            for b in range(n - size + 1):
                ways = comb(size - 1, a) * comb(n - size, b) * weights[a + b]
                one += ways * (table[size - a - 1 + b] - table[size - a + b])
        one /= unit
        inside.append(float(one))
        rest = table[n - size] - table[size] - size * one
        outside.append(float(rest / (n - size)) if size < n else 0.0)
    return tuple(inside), tuple(outside)


def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eliminate without pivots: the matrix is positive definite."""
    left, found = matrix.copy(), right.astype(np.float64)
    for k in range(right.size):
        factors = left[k + 1 :, k] / left[k, k]
        left[k + 1 :, k + 1 :] -= factors[:, None] * left[k, k + 1 :]
        found[k + 1 :] -= factors * found[k]
    for k in range(right.size - 1, -1, -1):
        found[k] /= left[k, k]
        found[:k] -= left[:k, k] * found[k]
    return found

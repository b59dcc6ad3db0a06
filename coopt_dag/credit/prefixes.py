"""Shapley values when runs upstream are dear: random orders upstream, every choice downstream.

Each order of the upstream steps gives its prefixes; behind each prefix all coalitions of the
downstream steps are evaluated, which share the prefix's run. Every order by itself keeps
efficiency; orders come in pairs, forward and backward, and error bars from their spread.

References
----------
Castro, Gomez and Tejada, Polynomial calculation of the Shapley value based on sampling (2009),
doi:10.1016/j.cor.2008.04.004; Mitchell et al., Sampling permutations for Shapley value estimation
(2022), arXiv:2104.12199 (antithetic orders).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.credit.draws import permutations
from coopt_dag.credit.fold import sizes
from coopt_dag.credit.leverage import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders of the first `upstream` of n players; two rows in turn are each other's reverse."""

    n: int
    upstream: int
    rows: NDArray[np.int64]

    def prefixes(self) -> list[int]:
        """Give every upstream coalition that is run, each once, in order of first use."""
        found = [mask for row in self.rows.tolist() for mask in _masks(row)]
        return list(dict.fromkeys(found))

    def evaluations(self) -> int:
        """Count the coalitions to evaluate: all downstream ones behind each prefix."""
        return len(self.prefixes()) << (self.n - self.upstream)


def draw(n: int, *, upstream: int, pairs: int, seed: bytes) -> Orders:
    """Draw pairs of orders; the same 32 bytes give the same ones.

    >>> orders = draw(6, upstream=3, pairs=2, seed=bytes(32))
    >>> bool((orders.rows[0] == orders.rows[1][::-1]).all()), orders.prefixes()[0]
    (True, 0)
    """
    if not 1 <= upstream <= n or pairs < 2:
        raise ValueError("upstream is 1 to n, and error bars need two pairs")
    half = permutations(seed, "orders", count=pairs, n=upstream)
    both = np.stack([half, half[:, ::-1]], axis=1)
    return Orders(n, upstream, both.reshape(2 * pairs, upstream))


def estimate(orders: Orders, cubes: Mapping[int, NDArray[np.int64]]) -> Estimate:
    """Average the orders' own estimates.

    Parameters
    ----------
    cubes : mapping of prefix to array of shape (2^(n - upstream),)
        Scores of every downstream coalition behind each of `orders.prefixes()`.

    Examples
    --------
    >>> orders = draw(2, upstream=1, pairs=2, seed=bytes(32))
    >>> cubes = {0: np.array([0, 20]), 1: np.array([10, 40])}     # v = 0, 10, 20, 40
    >>> estimate(orders, cubes).values.tolist()
    [15.0, 25.0]
    """
    each = np.array([_one(orders, row, cubes) for row in orders.rows.tolist()])
    pairs = each.reshape(-1, 2, orders.n).mean(axis=1)
    errors = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    return Estimate(pairs.mean(axis=0), errors, orders.evaluations())


def _one(
    orders: Orders, row: list[int], cubes: Mapping[int, NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Estimate from one order: unbiased over uniform orders, and sums to the gain."""
    n, up = orders.n, orders.upstream
    found, down = np.zeros(n), n - up
    behind = sizes(down)
    masks = _masks(row)
    for u, (mask, after) in enumerate(pairwise(masks)):
        # The player at place u is uniform, and so is the prefix among those of its size.
        weights = _weights(n)[u + behind] * (up * comb(up - 1, u))
        found[row[u]] = weights @ (cubes[after] - cubes[mask])
    for u, mask in enumerate(masks):
        for bit in range(down):
            cube = cubes[mask].reshape(-1, 2, 1 << bit)
            steps = (cube[:, 1] - cube[:, 0]).reshape(-1)
            weights = _weights(n)[u + sizes(down - 1)] * comb(up, u)
            found[up + bit] += weights @ steps
    return found


def _masks(row: list[int]) -> list[int]:
    masks = [0]
    for player in row:
        masks.append(masks[-1] | 1 << player)
    return masks


def _weights(n: int) -> NDArray[np.float64]:
    return np.array([1 / (n * comb(n - 1, s)) for s in range(n)])

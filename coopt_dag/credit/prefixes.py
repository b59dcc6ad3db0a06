"""Step curves when runs upstream are dear: random orders upstream, every choice downstream.

Each order of the upstream steps gives its prefixes; behind each prefix all that the downstream
steps need is evaluated, which shares the prefix's run. Every order by itself keeps efficiency, an
idle step earns 0 and so does a copy; orders come in pairs, forward and backward, and error bars
from their spread. All sums are of whole numbers.

References
----------
Castro, Gomez and Tejada, Polynomial calculation of the Shapley value based on sampling (2009),
doi:10.1016/j.cor.2008.04.004; Mitchell et al., Sampling permutations for Shapley value estimation
(2022), arXiv:2104.12199 (antithetic orders).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, isqrt
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.credit.curves import Curve, Curves
from coopt_dag.credit.draws import permutations
from coopt_dag.credit.fold import scale, size_weights, weighted_sum
from coopt_dag.credit.levels import Config, configurations, players

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

Version = tuple[int, int]
"""Rank of the player and level, from 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders of the first `upstream` players; two rows in turn are each other's reverse."""

    levels: tuple[int, ...]
    upstream: int
    rows: NDArray[np.int64]

    @property
    def playing(self) -> tuple[int, ...]:
        """Places of the steps that have versions."""
        return players(self.levels)

    def config(self, mask: int, changed: Mapping[int, int] | None = None) -> Config:
        """Give the configuration with the players in `mask` at final, `changed` ones as told."""
        found = [0] * len(self.levels)
        for rank, place in enumerate(self.playing):
            top = self.levels[place] * (mask >> rank & 1)
            found[place] = (changed or {}).get(rank, top)
        return tuple(found)


def draw(levels: Sequence[int], *, upstream: int, pairs: int, seed: bytes) -> Orders:
    """Draw pairs of orders; the same 32 bytes give the same ones.

    >>> orders = draw([1] * 6, upstream=3, pairs=2, seed=bytes(32))
    >>> bool((orders.rows[0] == orders.rows[1][::-1]).all())
    True
    """
    if not 1 <= upstream <= len(players(levels)) or pairs < 2:
        raise ValueError("upstream is 1 to n, and error bars need two pairs")
    half = permutations(seed, "orders", count=pairs, n=upstream)
    both = np.stack([half, half[:, ::-1]], axis=1)
    return Orders(tuple(levels), upstream, both.reshape(2 * pairs, upstream))


def needed(orders: Orders) -> tuple[Config, ...]:
    """Give every configuration to evaluate, each once.

    Behind a prefix stands all that the downstream steps read; behind a prefix with an upstream
    step at a version in between stand the downstream corners.

    >>> orders = draw([1, 2], upstream=1, pairs=2, seed=bytes(32))
    >>> needed(orders)
    ((0, 0), (0, 2), (0, 1), (1, 0), (1, 2), (1, 1))
    """
    down = [orders.levels[place] for place in orders.playing[orders.upstream :]]
    found: dict[Config, None] = {}
    for mask in dict.fromkeys(m for row in orders.rows.tolist() for m in _masks(row)):
        for config in configurations(down):
            changed = dict(enumerate(config, orders.upstream))
            found[orders.config(mask, changed)] = None
    for rank, mask in dict.fromkeys(_marginals(orders)):
        for level in range(1, orders.levels[orders.playing[rank]]):
            for corner in _corners(orders):
                found[orders.config(mask | corner, {rank: level})] = None
    return tuple(found)


def curves(orders: Orders, scores: Mapping[Config, int]) -> Curves:
    """Average the orders' own curves; the scale is D times the number of orders.

    Parameters
    ----------
    scores : mapping of configuration to int
        In 1e-9, of all of `needed(orders)`.

    Examples
    --------
    >>> orders = draw([1, 1], upstream=1, pairs=2, seed=bytes(32))
    >>> found = curves(orders, {(0, 0): 0, (1, 0): 10, (0, 1): 20, (1, 1): 40})
    >>> [curve.heights[-1] / found.scale for curve in found.curves]
    [15.0, 25.0]
    """
    playing, count = orders.playing, len(orders.rows)
    known: dict[int, dict[Version, int]] = {}
    pairs: list[dict[Version, int]] = []
    for turn, row in enumerate(orders.rows.tolist()):
        if turn % 2 == 0:
            pairs.append({})
        for version, part in _one(orders, row, scores, known):
            pairs[-1][version] = pairs[-1].get(version, 0) + part
    unit = scale(len(playing))
    lines, errors = [], []
    for rank, place in enumerate(playing):
        versions = [(rank, level) for level in range(1, orders.levels[place] + 1)]
        found = [[pair[version] for pair in pairs] for version in versions]
        lines.append(Curve(place, (0, *map(sum, found))))
        errors.append((0, *(_error(parts, 2 * unit) for parts in found)))
    gain = scores[orders.config((1 << len(playing)) - 1)] - scores[orders.config(0)]
    number = len(needed(orders))
    return Curves(orders.levels, unit * count, tuple(lines), gain, tuple(errors), number)


def _one(
    orders: Orders,
    row: list[int],
    scores: Mapping[Config, int],
    known: dict[int, dict[Version, int]],
) -> Iterator[tuple[Version, int]]:
    """D times one order's heights: unbiased over uniform orders, and exact in their sum."""
    n, up = len(orders.playing), orders.upstream
    corners, weights = _corners(orders), size_weights(n)
    masks = _masks(row)
    for u, rank in enumerate(row):
        # The player at place u is uniform, and so is the prefix among those of its size.
        here = weights[u : u + n - up + 1]
        before = _scores(orders, masks[u], corners, scores, {})
        for level in range(1, orders.levels[orders.playing[rank]] + 1):
            after = _scores(orders, masks[u], corners, scores, {rank: level})
            yield (rank, level), up * comb(up - 1, u) * weighted_sum(after - before, here)
    for mask in masks:
        if mask not in known:
            known[mask] = _behind(orders, mask, scores)
        yield from known[mask].items()


def _behind(orders: Orders, mask: int, scores: Mapping[Config, int]) -> dict[Version, int]:
    """Heights of the downstream steps behind one prefix, times D."""
    n, up, size = len(orders.playing), orders.upstream, mask.bit_count()
    here = size_weights(n)[size : size + n - up]
    found = {}
    for rank in range(up, n):
        others = [corner for corner in _corners(orders) if not corner >> rank & 1]
        before = _scores(orders, mask, others, scores, {})
        for level in range(1, orders.levels[orders.playing[rank]] + 1):
            after = _scores(orders, mask, others, scores, {rank: level})
            found[rank, level] = comb(up, size) * weighted_sum(after - before, here)
    return found


def _scores(
    orders: Orders,
    mask: int,
    corners: Sequence[int],
    scores: Mapping[Config, int],
    changed: Mapping[int, int],
) -> NDArray[np.int64]:
    found = [scores[orders.config(mask | corner, changed)] for corner in corners]
    return np.array(found, dtype=np.int64)


def _corners(orders: Orders) -> range:
    """Give the coalitions of the downstream steps."""
    return range(0, 1 << len(orders.playing), 1 << orders.upstream)


def _marginals(orders: Orders) -> Iterator[tuple[int, int]]:
    """Give each upstream player with the prefix that it comes behind."""
    for row in orders.rows.tolist():
        yield from zip(row, _masks(row)[:-1], strict=True)


def _masks(row: Sequence[int]) -> list[int]:
    masks = [0]
    for player in row:
        masks.append(masks[-1] | 1 << player)
    return masks


def _error(parts: Sequence[int], unit: int) -> int:
    """Give the standard error of the mean over so many units, rounded up."""
    count = len(parts)
    spread = count * sum(part * part for part in parts) - sum(parts) ** 2
    most = -(-spread // (count**2 * (count - 1) * unit**2))
    root = isqrt(most)
    return root + (root * root < most)

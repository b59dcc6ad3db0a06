"""Step curves: what each version of a step adds, averaged over what the other steps may be.

W_i[l] = sum over S of w(|S|) V(S at final, i at level l, the others at baseline), counted from
W_i[0] = 0 and multiplied by D = lcm(1..n). A step is one player (an a-priori union), so splitting
a version into two, or handing in a copy, changes no total.

References
----------
Owen, Values of games with a priori unions (1977), doi:10.1007/978-3-642-45494-3_7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.credit.fold import scale, shapley, size_weights, weighted_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.credit.values import ValueTable


@dataclass(frozen=True, slots=True)
class Curve:
    """One step's curve: `heights[l]` is D times the gain of level l over the baseline."""

    step: int
    heights: tuple[int, ...]

    @property
    def raw(self) -> tuple[int, ...]:
        """What each version added to the one before; may be negative."""
        return tuple(b - a for a, b in zip(self.heights, self.heights[1:], strict=False))

    @property
    def envelope(self) -> tuple[int, ...]:
        """What each version is paid for; never negative."""
        return envelope(self.heights)


@dataclass(frozen=True, slots=True)
class Curves:
    """What settlement divides: a curve for each step with versions, exact or estimated.

    The last heights of all curves sum to `scale * gain` exactly, so nothing is made or lost.
    """

    levels: tuple[int, ...]
    scale: int
    curves: tuple[Curve, ...]
    gain: int
    """Score of the final configuration less that of the baseline, in 1e-9."""
    errors: tuple[tuple[int, ...], ...] = ()
    """Standard error of each height in 1e-9, curve by curve; empty: the heights are exact."""
    evaluations: int = 0
    """Configurations that were scored."""


def step_curves(table: ValueTable) -> Curves:
    """Give the exact curves; their scale is D, and all raw gains sum to D * gain exactly.

    Examples
    --------
    >>> from coopt_dag.credit.values import value_table
    >>> scores = {(0, 0): 0, (1, 0): 4, (0, 2): 4, (1, 2): 10, (0, 1): 1, (1, 1): 5}
    >>> found = step_curves(value_table([1, 2], scores))
    >>> found.scale, [curve.raw for curve in found.curves]
    (2, [(10,), (2, 8)])
    """
    n = len(table.players)
    weights = size_weights(n)
    curves = []
    for rank, (step, last) in enumerate(zip(table.players, shapley(table.corners), strict=True)):
        bottom = table.corners.reshape(-1, 2, 1 << rank)[:, 0].reshape(-1)
        middle = [weighted_sum(row - bottom, weights) for row in table.between[rank]]
        curves.append(Curve(step, (0, *middle, last)))
    count = table.corners.size + sum(rows.size for rows in table.between)
    return Curves(table.levels, scale(n), tuple(curves), table.gain, evaluations=count)


def envelope(heights: Sequence[int]) -> tuple[int, ...]:
    """Pay the first version to reach a height that the final version keeps.

    The running maximum, capped at the final height: never negative, and it sums to the gain of
    the final version, or to 0 if that is below the baseline.

    >>> envelope([0, 5, 2, 5, 9, 7])     # 5, then damage, then repair, then 2 of 4 kept
    (5, 0, 0, 2, 0)
    """
    reached, cap = heights[0], max(heights[0], heights[-1])
    found = []
    for height in heights[1:]:
        before, reached = reached, min(max(height, reached), cap)
        found.append(reached - before)
    return tuple(found)

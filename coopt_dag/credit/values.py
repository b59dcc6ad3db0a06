"""The value table: the sealed score of every configuration that settlement needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.credit.levels import Config, configurations, players
from coopt_dag.model.nano import MOST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ValueTable:
    """Scores of all corners, and of the versions between baseline and final.

    `corners[S]` has the players in S at their final level, the others at baseline; bit i is
    `players[i]`. `between[i][l - 1][S]` has the i-th player at level l, with S of the others.
    """

    levels: tuple[int, ...]
    players: tuple[int, ...]
    corners: NDArray[np.int64]
    between: tuple[NDArray[np.int64], ...]

    @property
    def gain(self) -> int:
        """Score of the final configuration less that of the baseline, in 1e-9."""
        return int(self.corners[-1]) - int(self.corners[0])


def value_table(levels: Sequence[int], scores: Mapping[Config, int]) -> ValueTable:
    """Arrange scores for settlement.

    Parameters
    ----------
    levels : sequence of int
        How many adopted versions each step has.
    scores : mapping of configuration to int
        In 1e-9, higher is better; all of `configurations(levels)`, others are not read.

    Raises
    ------
    KeyError
        A configuration has no score.
    OverflowError
        A score is beyond 2^61 (about 2.3e9 in the metric's unit).

    Examples
    --------
    >>> table = value_table([1, 2], {(0, 0): 0, (1, 0): 5, (0, 2): 4, (1, 2): 9,
    ...                              (0, 1): 1, (1, 1): 6})
    >>> table.gain, table.between[1].tolist()
    (9, [[1, 6]])
    """
    playing = players(levels)
    n = len(playing)
    if any(abs(score) > MOST for score in scores.values()):
        raise OverflowError("a score is at most 2^61 units of 1e-9")
    found = np.array([scores[config] for config in configurations(levels)], dtype=np.int64)
    between, at = [], 1 << n
    for i in playing:
        rows = levels[i] - 1
        stop = at + rows * (1 << n - 1)
        between.append(found[at:stop].reshape(rows, 1 << n - 1))
        at = stop
    return ValueTable(tuple(levels), playing, found[: 1 << n], tuple(between))

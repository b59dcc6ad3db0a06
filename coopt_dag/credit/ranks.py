"""How much two orders of the same things agree: ranks, Spearman's rho and Kendall's tau-b.

References
----------
Spearman, The proof and measurement of association between two things (1904),
doi:10.2307/1412159; Kendall, The treatment of ties in ranking problems (1945),
doi:10.1093/biomet/33.3.239.
"""

from __future__ import annotations

from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def places(values: Sequence[int]) -> list[int]:
    """Give each value's place, 1 for the greatest; equal ones share the better place.

    >>> places([30, 10, 30, 20])
    [1, 4, 1, 3]
    """
    return [1 + sum(other > value for other in values) for value in values]


def spearman(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Give Spearman's rho from -1 to 1: the correlation of ranks, of equal values their mean.

    Parameters
    ----------
    first, second : sequences of int
        Two scores of the same things, in the same order.

    Returns
    -------
    float or None
        None where it is not defined: fewer than two things, or all of them equal in one score.

    Examples
    --------
    >>> spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])  # 0.8208 by Pearson's formula on the ranks
    0.8207826816681233
    >>> spearman([1, 2, 3], [3, 2, 1])
    -1.0
    >>> spearman([1, 1], [1, 2]) is None
    True
    """
    _same_length(first, second)
    own, others = _centred(first), _centred(second)
    spread = sum(a * a for a in own) * sum(b * b for b in others)
    return None if spread == 0 else sum(map(int.__mul__, own, others)) / sqrt(spread)


def kendall(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Give Kendall's tau-b from -1 to 1: pairs in the same order less pairs in the other order.

    Pairs that are equal in one score count for neither, and correct the denominator.

    Examples
    --------
    >>> kendall([1, 2, 3], [1, 3, 2])  # of three pairs, two agree and one does not
    0.3333333333333333
    >>> kendall([1, 1], [1, 2]) is None
    True
    """
    _same_length(first, second)
    pairs = list(combinations(zip(first, second, strict=True), 2))
    signs = [(_sign(a - c), _sign(b - d)) for (a, b), (c, d) in pairs]
    untied = sum(x != 0 for x, _ in signs) * sum(y != 0 for _, y in signs)
    return None if untied == 0 else sum(x * y for x, y in signs) / sqrt(untied)


def swapped(first: Sequence[int], second: Sequence[int]) -> list[tuple[int, int]]:
    """Give the pairs whose order changed: (greater in the first, greater in the second).

    >>> swapped([3, 2, 1], [2, 3, 1])
    [(0, 1)]
    """
    _same_length(first, second)
    found = []
    for i, j in combinations(range(len(first)), 2):
        before, after = _sign(first[i] - first[j]), _sign(second[i] - second[j])
        if before * after < 0:
            found.append((i, j) if before > 0 else (j, i))
    return found


def _centred(values: Sequence[int]) -> list[int]:
    """Give twice the distance of each value's mean rank from the middle: integers, sum 0."""
    return [
        sum(other < value for other in values) - sum(other > value for other in values)
        for value in values
    ]


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _same_length(first: Sequence[int], second: Sequence[int]) -> None:
    if len(first) != len(second):
        raise ValueError(f"two scores of the same things: got {len(first)} and {len(second)}")

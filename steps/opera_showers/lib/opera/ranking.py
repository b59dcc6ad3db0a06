"""Figures of merit of rankings, volume by volume: average precision, precision at a recall.

Ties count as one: what has the same score is taken or left together, so that the order of rows
never matters.
"""

from __future__ import annotations

import numpy as np


def average_precision(
    volume: np.ndarray, score: np.ndarray, good: np.ndarray, *, total: np.ndarray
) -> np.ndarray:
    """Area under precision against recall of each volume, as a sum over the distinct scores.

    Parameters
    ----------
    volume : array of int, shape (rows,)
        Index of each row's volume, 0 to volumes - 1.
    score : array, shape (rows,)
        The higher, the sooner taken.
    good : array of bool, shape (rows,)
        Whether the row is one of those sought.
    total : array of int, shape (volumes,)
        How many are sought, those that have no row included; where 0, the value is 1.

    Returns
    -------
    array, shape (volumes,), range 0 to 1

    References
    ----------
    Manning, Raghavan and Schuetze, Introduction to Information Retrieval (2008), section 8.4,
    doi:10.1017/CBO9780511809071.

    Examples
    --------
    Taken in the order good, bad, good: (1 / 1 + 2 / 3) / 2.

    >>> rows = np.zeros(3, int)
    >>> average_precision(rows, np.array([3, 2, 1]), np.array([1, 0, 1], bool),
    ...                   total=np.array([2])).round(4).tolist()
    [0.8333]
    """
    where, found, taken = _steps(volume, score, good)
    before = np.where(np.r_[True, where[1:] != where[:-1]], 0, np.r_[0, found[:-1]])
    gain = (found - before) * found / taken
    area = np.bincount(where, weights=gain, minlength=len(total))
    return np.where(total > 0, area / np.maximum(total, 1), 1.0)


def precision_at_recall(
    volume: np.ndarray, score: np.ndarray, good: np.ndarray, *, recall: float
) -> np.ndarray:
    """Highest precision in each volume of those cuts that keep at least `recall` of the sought.

    Every volume has a row; where none is sought the value is 1.

    >>> rows = np.zeros(4, int)
    >>> precision_at_recall(rows, np.array([4, 3, 2, 1]), np.array([1, 0, 1, 0], bool),
    ...                     recall=0.9).round(4).tolist()
    [0.6667]
    """
    where, found, taken = _steps(volume, score, good)
    total = np.bincount(volume, weights=good)
    kept = found >= recall * total[where] - 1e-9
    best = np.zeros(len(total))
    np.maximum.at(best, where[kept], (found / taken)[kept])
    return np.where(total > 0, best, 1.0)


def _steps(
    volume: np.ndarray, score: np.ndarray, good: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give, for each distinct score of each volume, how many are good and taken down to it."""
    order = np.lexsort((-score, volume))
    volume, score, good = volume[order], score[order], good[order]
    new = np.r_[True, volume[1:] != volume[:-1]] if len(volume) else np.zeros(0, bool)
    first = np.flatnonzero(new)
    sizes = np.diff(np.r_[first, len(volume)])
    taken = np.arange(1, len(volume) + 1) - np.repeat(first, sizes)
    running = np.cumsum(good)
    base = np.r_[0, running][first]
    found = running - np.repeat(base, sizes)
    last = np.r_[new[1:] | (score[1:] != score[:-1]), True] if len(volume) else new
    return volume[last], found[last], taken[last]

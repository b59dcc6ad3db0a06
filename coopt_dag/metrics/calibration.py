"""Whether forecasts mean what they say: of rows foretold as x, the mean outcome should be x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.metrics.vectors import Vector, paired

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability diagram: per bin the mean forecast, the mean outcome and the rows."""

    forecast: Vector
    outcome: Vector
    count: NDArray[np.int64]


def reliability(reference: ArrayLike, prediction: ArrayLike, *, bins: int = 10) -> Reliability:
    """Sort rows by forecast, cut them into bins of equal size, and average in each.

    Equal forecasts are never parted, so the order of rows does not matter; there may then be
    fewer bins than asked for.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Outcome and forecast, in the same unit and order.
    bins : int, at least 1

    Returns
    -------
    Reliability
        Arrays of at most `bins` entries, by rising forecast, in the values' unit.

    Raises
    ------
    ScoreInvalidError
        NaN, infinite, empty, not 1-d, of different lengths, or `bins` below 1.

    References
    ----------
    A. H. Murphy and R. L. Winkler, Applied Statistics 26, 1977. doi:10.2307/2346866

    Examples
    --------
    >>> reliability([1, 3, 5, 5], [2, 2, 4, 4], bins=2).outcome
    array([2., 5.])
    """
    truth, guess = paired(reference, prediction)
    if bins < 1:
        raise ScoreInvalidError(f"bins must be at least 1, got {bins}")
    value, inverse, ties = np.unique(guess, return_inverse=True, return_counts=True)
    # the bin of a value is that of the middle of its tied rows
    middle = np.cumsum(ties) - (ties + 1) / 2
    place = np.floor(middle * bins / guess.size).astype(np.intp)[inverse]
    number = np.unique(place, return_inverse=True)[1]
    order = np.lexsort((truth, guess))  # sums in one order: the same bits for any row order
    count = np.bincount(number)
    return Reliability(
        forecast=np.bincount(number[order], value[inverse][order]) / count,
        outcome=np.bincount(number[order], truth[order]) / count,
        count=count.astype(np.int64),
    )


def calibration_error(reference: ArrayLike, prediction: ArrayLike, *, bins: int = 10) -> float:
    """Give the mean |forecast - outcome| over bins, weighted by rows: 0 if reliable.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Outcome and forecast, in the same unit and order.
    bins : int, at least 1
        More bins see finer faults and more noise.

    Returns
    -------
    float
        In the values' unit, in [0, inf); at most the MAE; less is better (minimise).

    Raises
    ------
    ScoreInvalidError
        As `reliability`.

    References
    ----------
    M. P. Naeini, G. Cooper and M. Hauskrecht, AAAI 2015, section "Calibration metrics", here
    with equal-mass bins and values in place of probabilities. doi:10.1609/aaai.v29i1.9602

    Examples
    --------
    >>> calibration_error([1, 3, 5, 5], [2, 2, 4, 4], bins=2)  # (0 x 2 + 1 x 2) / 4
    0.5
    """
    found = reliability(reference, prediction, bins=bins)
    gaps = np.abs(found.forecast - found.outcome)
    return float(np.average(gaps, weights=found.count))

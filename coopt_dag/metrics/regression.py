"""Errors of numbers foretold: squared, absolute, and what share of variance is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.metrics.vectors import Vector, paired

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def squared_errors(reference: ArrayLike, prediction: ArrayLike) -> Vector:
    """Give (prediction - reference)^2 per row, in the square of the values' unit.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Truth and forecast, in the same unit and order.

    Returns
    -------
    numpy.ndarray, shape (n,), in [0, inf); less is better

    Raises
    ------
    ScoreInvalidError
        NaN, infinite, empty, not 1-d, or of different lengths.

    Examples
    --------
    >>> squared_errors([1, 2], [1, 4])
    array([0., 4.])
    """
    truth, guess = paired(reference, prediction)
    return np.square(guess - truth)


def rmse(reference: ArrayLike, prediction: ArrayLike) -> float:
    """Give the root of the mean squared error: 0 if and only if every value is exact.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Truth and forecast, in the same unit and order.

    Returns
    -------
    float
        In the values' unit, in [0, inf); less is better (minimise).

    Raises
    ------
    ScoreInvalidError
        As `squared_errors`.

    References
    ----------
    T. Gneiting, "Making and evaluating point forecasts", JASA 106, 2011, section 2.
    doi:10.1198/jasa.2011.r10138

    Examples
    --------
    >>> rmse([0, 0], [3, 4])  # sqrt((9 + 16) / 2)
    3.5355339059327378
    """
    return float(np.sqrt(squared_errors(reference, prediction).mean()))


def mae(reference: ArrayLike, prediction: ArrayLike) -> float:
    """Give the mean absolute error, which is never larger than the RMSE.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Truth and forecast, in the same unit and order.

    Returns
    -------
    float
        In the values' unit, in [0, inf); less is better (minimise).

    Raises
    ------
    ScoreInvalidError
        As `squared_errors`.

    References
    ----------
    C. J. Willmott and K. Matsuura, Climate Research 30, 2005. doi:10.3354/cr030079

    Examples
    --------
    >>> mae([0, 0], [3, -4])
    3.5
    """
    truth, guess = paired(reference, prediction)
    return float(np.abs(guess - truth).mean())


def bias(reference: ArrayLike, prediction: ArrayLike) -> float:
    """Give mean(prediction - reference): positive means that forecasts are too high.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Truth and forecast, in the same unit and order.

    Returns
    -------
    float
        In the values' unit, in (-inf, inf); best at 0.

    Raises
    ------
    ScoreInvalidError
        As `squared_errors`.

    Examples
    --------
    >>> bias([1, 1], [1, 2])
    0.5
    """
    truth, guess = paired(reference, prediction)
    return float((guess - truth).mean())


def r2(reference: ArrayLike, prediction: ArrayLike) -> float:
    """Give the share of the reference's variance that the forecast explains.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Truth and forecast, in the same unit and order.

    Returns
    -------
    float
        Pure number in (-inf, 1]; 0 for the reference's mean; more is better (maximise).

    Raises
    ------
    ScoreInvalidError
        As `squared_errors`, or the reference does not vary.

    References
    ----------
    N. J. D. Nagelkerke, Biometrika 78, 1991. doi:10.1093/biomet/78.3.691

    Examples
    --------
    >>> r2([1, 2, 3], [2, 2, 2])
    0.0
    """
    truth, guess = paired(reference, prediction)
    spread = float(np.square(truth - truth.mean()).sum())
    if spread == 0.0:
        raise ScoreInvalidError("r2 needs a reference that varies")
    return 1.0 - float(np.square(guess - truth).sum()) / spread

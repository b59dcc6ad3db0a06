"""The gate that every score passes first: equal lengths, one dimension, finite numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from coopt_dag.errors import ScoreInvalidError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Vector: TypeAlias = "NDArray[np.float64]"


def finite(values: ArrayLike, *, name: str) -> Vector:
    """Give `values` as a 1-d float64 array without NaN or infinity, or refuse.

    Parameters
    ----------
    values : array_like, shape (n,), n >= 1
    name : str
        What to call them in a complaint.

    Raises
    ------
    ScoreInvalidError
        Not numeric, not 1-d, empty, or a value is not finite.

    Examples
    --------
    >>> finite([1, 2], name="stars")
    array([1., 2.])
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScoreInvalidError(f"{name} must be numbers: {error}") from error
    if array.ndim != 1:
        raise ScoreInvalidError(f"{name} must have one dimension, got shape {array.shape}")
    if array.size == 0:
        raise ScoreInvalidError(f"{name} is empty; there is nothing to score")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ScoreInvalidError(
            f"{name} has {bad.size} values that are not finite, the first at row {bad[0]}",
            hint="a NaN never ranks: predict something for every row",
        )
    return array


def paired(reference: ArrayLike, prediction: ArrayLike) -> tuple[Vector, Vector]:
    """Give both as finite 1-d arrays of one length, or refuse.

    Raises
    ------
    ScoreInvalidError
        As `finite`, or the lengths differ.

    Examples
    --------
    >>> paired([1], [1, 2])
    Traceback (most recent call last):
        ...
    coopt_dag.errors.ScoreInvalidError: 1 reference values against 2 predictions
    """
    truth, guess = finite(reference, name="reference"), finite(prediction, name="prediction")
    if truth.size != guess.size:
        raise ScoreInvalidError(f"{truth.size} reference values against {guess.size} predictions")
    return truth, guess


def aligned(labels: ArrayLike, size: int, *, name: str) -> NDArray[np.intp]:
    """Give each of `size` rows the number of its label, counted from 0 in sorted order.

    Raises
    ------
    ScoreInvalidError
        There is not exactly one label per row.

    Examples
    --------
    >>> aligned(["b", "a", "b"], 3, name="user")
    array([1, 0, 1])
    """
    array = np.asarray(labels)
    if array.shape != (size,):
        raise ScoreInvalidError(f"{name} needs one label for each of {size} rows")
    number: NDArray[np.intp] = np.unique(array, return_inverse=True)[1]
    return number

"""Who is served worst: errors averaged by group, and over the worst share of groups."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.metrics.regression import squared_errors
from coopt_dag.metrics.vectors import Vector, aligned, finite

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def group_means(losses: ArrayLike, groups: ArrayLike) -> Vector:
    """Give each group's mean loss, groups in sorted order.

    Parameters
    ----------
    losses : array_like, shape (n,)
    groups : array_like, shape (n,)
        Label of each row's group.

    Returns
    -------
    numpy.ndarray, shape (number of groups,), in the losses' unit

    Raises
    ------
    ScoreInvalidError
        A loss is not finite, or rows and labels differ in number.

    Examples
    --------
    >>> group_means([1, 3, 5], ["a", "a", "b"])
    array([2., 5.])
    """
    values = finite(losses, name="losses")
    number = aligned(groups, values.size, name="groups")
    means: Vector = np.bincount(number, values) / np.bincount(number)
    return means


def worst_share_rmse(
    reference: ArrayLike, prediction: ArrayLike, groups: ArrayLike, *, share: float = 0.1
) -> float:
    """Give the RMSE over all rows of the worst `share` of groups; never below the overall RMSE.

    Groups are ranked by their mean squared error; ceil(share x groups) of them are taken, and
    of groups with equal error the one whose label sorts first.

    Parameters
    ----------
    reference, prediction : array_like, shape (n,)
        Truth and forecast, in the same unit and order.
    groups : array_like, shape (n,)
        Label of each row's group, such as the user.
    share : float, in (0, 1]
        0.1 takes the worst decile of groups.

    Returns
    -------
    float
        In the values' unit, in [0, inf); less is better (minimise).

    Raises
    ------
    ScoreInvalidError
        As `rmse`, rows and labels differ in number, or `share` is out of range.

    References
    ----------
    S. Sagawa et al., "Distributionally robust neural networks for group shifts", ICLR 2020,
    section 2. doi:10.48550/arXiv.1911.08731

    Examples
    --------
    >>> worst_share_rmse([0, 0, 0], [1, 1, 3], ["a", "a", "b"], share=0.5)
    3.0
    """
    if not 0.0 < share <= 1.0:
        raise ScoreInvalidError(f"share must be in (0, 1], got {share}")
    losses = squared_errors(reference, prediction)
    number = aligned(groups, losses.size, name="groups")
    means = group_means(losses, groups)
    taken = math.ceil(round(share * means.size, 9))  # 0.1 x 30 is 3.0000000000000004
    worst = np.argsort(-means, kind="stable")[:taken]
    return float(np.sqrt(losses[np.isin(number, worst)].mean()))

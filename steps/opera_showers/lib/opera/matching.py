"""Which claimed shower is which true one: optimal assignment by the distance of their axes.

A claim is a row with `volume`, `cluster`, `x`, `y`, `plate`, `tx`, `ty`: an axis, with or without
an energy. Names of clusters mean nothing; only where a claim's axis passes counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from opera.geometry import extrapolate

CUT_UM = 1500.0
"""A claim whose axis passes farther from a shower's first point is none of that shower."""
FIRST_TARGET = 100_000
"""Volumes from here on are judged; those before it are for training."""


def match(showers: pd.DataFrame, claims: pd.DataFrame, *, first: int = FIRST_TARGET) -> np.ndarray:
    """Pair the true showers with claims, each with at most one, by the least total distance.

    The distance is that of the claim's axis from the shower's first point, in the shower's first
    film. Within each volume the sum over true showers of min(distance, `CUT_UM`) is made as small
    as it can be, an unpaired shower counting `CUT_UM`; pairs at `CUT_UM` or beyond are no pairs.

    Parameters
    ----------
    showers : table
        True showers, in any order.
    claims : table
        Claimed axes.
    first : int
        Claims in volumes before this one, by default those for training, are passed over.

    Returns
    -------
    array of int64, shape (showers,)
        For each true shower the row (position) of its claim; -1 = not found. Which of two claims
        at exactly the same distance it is, is decided by their numbers.

    Raises
    ------
    ValueError
        A cluster stands twice, a number is not finite, or a volume is none of the split's.

    References
    ----------
    H. W. Kuhn, The Hungarian method for the assignment problem, doi:10.1002/nav.3800020109.

    Examples
    --------
    >>> axis = {"volume": 100000, "plate": 4, "tx": 0.0, "ty": 0.0, "y": 0.0}
    >>> showers = pd.DataFrame([{**axis, "shower": 0, "x": 0.0}, {**axis, "shower": 1, "x": 900.0}])
    >>> match(showers, pd.DataFrame([{**axis, "cluster": 7, "x": 800.0}])).tolist()
    [-1, 0]
    """
    judged = _checked(showers, claims, first)
    order = np.lexsort((showers["shower"], showers["volume"]))
    points = showers[["x", "y", "plate"]].to_numpy(dtype=float)
    axes = judged[["x", "y", "plate", "tx", "ty"]].to_numpy(dtype=float)
    row = judged["row"].to_numpy()
    claims_of = dict(_groups(judged["volume"].to_numpy()))
    found = np.full(len(showers), -1, dtype=np.int64)
    for volume, at in _groups(showers["volume"].to_numpy()[order]):
        if volume not in claims_of:
            continue
        ours, theirs = order[at], claims_of[volume]
        cost = np.minimum(_distance(points[ours], axes[theirs]), CUT_UM)
        left, right = linear_sum_assignment(cost)
        near = cost[left, right] < CUT_UM
        found[ours[left[near]]] = row[theirs[right[near]]]
    return found


def claimed(claims: pd.DataFrame) -> int:
    """Count the claims that are judged: those in target volumes.

    >>> claimed(pd.DataFrame({"volume": [3, 100000, 100007]}))
    2
    """
    return int((claims["volume"] >= FIRST_TARGET).sum())


def _checked(showers: pd.DataFrame, claims: pd.DataFrame, first: int) -> pd.DataFrame:
    """Give the claims that are judged, in the order of their names, with their rows."""
    if claims.duplicated(["volume", "cluster"]).any():
        raise ValueError("a cluster stands twice in a volume")
    numbers = claims[["x", "y", "plate", "tx", "ty"]].to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        raise ValueError("an axis is not finite")
    judged = claims.assign(row=np.arange(len(claims)))
    judged = judged[judged["volume"] >= first]
    if not judged["volume"].isin(showers["volume"].unique()).all():
        raise ValueError("a claim is in a volume that the split does not have")
    return judged.sort_values(["volume", "cluster"], ignore_index=True)


def _distance(points: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Distances in um, shape (points, axes), in the points' films."""
    x, y, plate = (points[:, [k]] for k in range(3))
    reach = [extrapolate(axes[:, k], axes[:, 3 + k], axes[:, 2], plate) for k in (0, 1)]
    return np.hypot(reach[0] - x, reach[1] - y)


def _groups(sorted_values: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Cut the positions of sorted values where the value changes."""
    values, starts = np.unique(sorted_values, return_index=True)
    parts = np.split(np.arange(len(sorted_values)), starts[1:])
    return [(int(v), part) for v, part in zip(values, parts, strict=True)] if len(values) else []

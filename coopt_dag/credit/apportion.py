"""Dividing whole units: largest remainder, so that nothing is made or lost.

References
----------
Balinski and Young, Fair Representation (1982); Hamilton's method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping


Id = TypeVar("Id", int, str, tuple[int, int], tuple[str, str])


def apportion(weights: Mapping[Id, int], total: int) -> dict[Id, int]:
    """Divide `total` by `weights` so that the parts sum to it exactly.

    Everybody gets the floor of the exact part; units that are left go to the largest remainders,
    ties to the smaller id. If all weights are 0, everybody gets 0.

    Parameters
    ----------
    weights : mapping of id to int
        Not negative, of any size.
    total : int
        Units to divide, at least 0.

    Raises
    ------
    ValueError
        A weight or the total is negative.

    Examples
    --------
    >>> apportion({"a": 1, "b": 1, "c": 1}, 100)
    {'a': 34, 'b': 33, 'c': 33}
    """
    if total < 0 or min(weights.values(), default=0) < 0:
        raise ValueError("weights and total must be at least 0")
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    parts = {one: weight * total // whole for one, weight in weights.items()}
    left = total - sum(parts.values())
    first = sorted(weights, key=lambda one: (-(weights[one] * total % whole), one))
    for one in first[:left]:
        parts[one] += 1
    return parts

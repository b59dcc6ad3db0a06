"""Match the rows of two tables by key, strictly: nothing missing, nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from coopt_dag.errors import ScoreInvalidError, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Columns(Protocol):
    """Anything whose columns are had by name: a dict of arrays, a DataFrame."""

    def __getitem__(self, name: str, /) -> Any: ...

    def __contains__(self, name: object, /) -> bool: ...

    def __iter__(self) -> Any: ...


def matching_rows(
    reference: Columns, prediction: Columns, *, key: Sequence[str]
) -> NDArray[np.intp]:
    """Give, for each row of `reference`, the number of the row of `prediction` with its key.

    Rows of `prediction` whose key the reference lacks are passed over.

    Parameters
    ----------
    reference, prediction : mapping of column name to array_like, or DataFrame
    key : sequence of str, at least one
        Columns that identify a row in both.

    Returns
    -------
    numpy.ndarray of int, shape (rows of reference,)

    Raises
    ------
    ScoreInvalidError
        A key column is missing, a key occurs twice in either, or the prediction lacks one.

    Examples
    --------
    >>> matching_rows({"user": [7, 3]}, {"user": [1, 3, 7]}, key=["user"])
    array([2, 1])
    """
    if not key:
        raise ScoreInvalidError("a key needs at least one column")
    wanted = _keys(reference, key, name="reference")
    rows = {k: i for i, k in enumerate(_keys(prediction, key, name="prediction"))}
    missing = [k for k in wanted if k not in rows]
    if missing:
        raise ScoreInvalidError(
            f"the prediction lacks {len(missing)} of {len(wanted)} rows, "
            f"the first with {_spell(key, missing[0])}",
            hint="predict something for every row of the reference",
        )
    return np.array([rows[k] for k in wanted], dtype=np.intp)


def _keys(table: Columns, key: Sequence[str], *, name: str) -> list[tuple[Any, ...]]:
    for column in key:
        if column not in table:
            raise ScoreInvalidError(
                f"the {name} has no key column '{column}'", hint=near(column, list(table))
            )
    columns = [np.asarray(table[column]).tolist() for column in key]
    if len({len(column) for column in columns}) != 1:
        raise ScoreInvalidError(f"the {name}'s key columns differ in length")
    found = list(zip(*columns, strict=True))
    seen: set[tuple[Any, ...]] = set()
    for k in found:
        if any(part != part for part in k):  # noqa: PLR0124  # only NaN differs from itself
            raise ScoreInvalidError(f"the {name} has a key that is not a number")
        if k in seen:
            raise ScoreInvalidError(f"the {name} has the row with {_spell(key, k)} twice")
        seen.add(k)
    return found


def _spell(key: Sequence[str], values: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in zip(key, values, strict=True))

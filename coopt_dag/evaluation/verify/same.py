"""Two outputs compared: the same, as far as honest machines agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FAR = 1e-2
"""A number is off if it differs by more than this, relative to numbers above 1."""
FEW = 0.005
"""So many of them may be off."""


def first_difference(expected: Path, found: Path, *, ignore: frozenset[str]) -> str:
    """Name the first file of a folder that differs; empty if none does.

    Parameters
    ----------
    ignore
        Names at the top that tell of the run, not of its result.
    """
    names = {
        p.relative_to(folder).as_posix()
        for folder in (expected, found)
        for p in folder.rglob("*")
        if p.is_file() and p.relative_to(folder).parts[0] not in ignore
    }
    for name in sorted(names):
        one, other = expected / name, found / name
        if not (one.is_file() and other.is_file()) or not _is_same(one, other):
            return name
    return ""


def _is_same(one: Path, other: Path) -> bool:
    if one.read_bytes() == other.read_bytes():
        return True
    try:
        if one.suffix == ".json":
            return _near_json(read_json(one.read_bytes()), read_json(other.read_bytes()))
        if one.suffix == ".npy":
            return is_near(np.load(one, allow_pickle=False), np.load(other, allow_pickle=False))
        if one.suffix == ".parquet":
            return _near_tables(one, other)
    except ValueError:
        return False
    return False


def is_near(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Compare arrays: of the same shape, and at most half a percent of the numbers are off.

    >>> is_near(np.zeros(400), np.r_[np.zeros(398), 1.0, 1.0])
    True
    >>> is_near(np.zeros(400), np.r_[np.zeros(397), 1.0, 1.0, 1.0])
    False
    """
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    if one.dtype.kind not in "fiu":
        return bool((one == other).all())
    first, second = one.astype(np.float64), other.astype(np.float64)
    off = ~(np.abs(first - second) <= FAR * np.maximum(1.0, np.abs(first)))
    return bool(off.sum() <= FEW * off.size)


def _near_json(one: Any, other: Any) -> bool:
    numbers: list[tuple[float, float]] = []
    if not _same_shape(one, other, numbers):
        return False
    return not numbers or is_near(*(np.array(column) for column in zip(*numbers, strict=True)))


def _same_shape(one: Any, other: Any, numbers: list[tuple[float, float]]) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _same_shape(one[k], other[k], numbers) for k in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            _same_shape(a, b, numbers) for a, b in zip(one, other, strict=True)
        )
    both = (one, other)
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in both):
        numbers.append((float(one), float(other)))
        return True
    return bool(one == other)


def _near_tables(one: Path, other: Path) -> bool:
    from pyarrow import parquet

    first, second = parquet.read_table(one), parquet.read_table(other)
    if first.schema.names != second.schema.names or len(first) != len(second):
        return False
    return all(
        is_near(
            first[name].to_numpy(zero_copy_only=False), second[name].to_numpy(zero_copy_only=False)
        )
        for name in first.schema.names
    )

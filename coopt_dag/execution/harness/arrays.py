"""Array artifacts: `.npy` without pickle, of declared dtype and shape, all finite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coopt_dag.execution.harness.artifacts import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load(name: str, type_: Mapping[str, Any], path: Path) -> np.ndarray:
    """Read an array and check it."""
    try:
        value = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise refuse(name, f"{path.name} is no plain .npy file: {error}") from error
    check(name, type_, value)
    return value  # type: ignore[no-any-return]  # check() has seen that it is an array


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check an array and write it in C order."""
    if not isinstance(value, np.ndarray):
        raise refuse(name, f"expected a numpy array, got {type(value).__name__}")
    if np.can_cast(value.dtype, type_["dtype"], casting="same_kind"):
        value = value.astype(type_["dtype"], copy=False)
    check(name, type_, value)
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(value), (1, 0), allow_pickle=False)


def check(name: str, type_: Mapping[str, Any], value: Any) -> None:
    """Refuse another dtype, shape, a NaN, or a value out of range."""
    if not isinstance(value, np.ndarray) or value.dtype.name != type_["dtype"]:
        got = getattr(getattr(value, "dtype", None), "name", type(value).__name__)
        raise refuse(name, f"expected dtype {type_['dtype']}, got {got}")
    want = type_["shape"]
    fits = len(want) == value.ndim and all(
        w is None or w == n for w, n in zip(want, value.shape, strict=True)
    )
    if not fits:
        raise refuse(name, f"expected shape {list(want)}, got {list(value.shape)}")
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise refuse(name, f"holds {int((~np.isfinite(value)).sum())} values that are no numbers")
    for bound, wrong in (("minimum", np.less), ("maximum", np.greater)):
        limit = type_[bound]
        if limit is not None and value.size and wrong(value, limit).any():
            raise refuse(name, f"holds values beyond its {bound} {limit:g}")

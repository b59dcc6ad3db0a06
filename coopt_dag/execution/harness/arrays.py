"""Array artifacts: `.npy` without pickle, of declared dtype and shape, all finite."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np

from coopt_dag.execution.harness.artifacts import refuse
from coopt_dag.execution.harness.npy_header import Header, read_header
from coopt_dag.execution.harness.reading import most, opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load(
    name: str,
    type_: Mapping[str, Any],
    path: Path,
    *,
    limit_bytes: int | None = None,
    links: bool = False,
) -> np.ndarray:
    """Read an array and check it; nothing is allocated before the header is found true."""
    with opened(name, path, limit_bytes=most(limit_bytes), links=links) as (file, size):
        try:
            header = read_header(file)
        except ValueError as error:
            raise refuse(name, f"{path.name} is no plain .npy file: {error}") from error
        _check_shape(name, type_, header.shape)
        dtype = _dtype_of(name, type_, header)
        data_bytes = size - file.tell()
        if header.count * dtype.itemsize != data_bytes:
            raise refuse(
                name,
                f"shape {list(header.shape)} asks for {header.count * dtype.itemsize} bytes, "
                f"the file holds {data_bytes}",
            )
        value = _read(name, file, dtype, header)
    check(name, type_, value)
    return value


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check an array and write it in C order."""
    if not isinstance(value, np.ndarray):
        raise refuse(name, f"expected a numpy array, got {type(value).__name__}")
    if np.can_cast(value.dtype, type_["dtype"], casting="same_kind"):
        value = value.astype(type_["dtype"], copy=False)
    check(name, type_, value)
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.asarray(value, order="C"), (1, 0), allow_pickle=False)


def check(name: str, type_: Mapping[str, Any], value: Any) -> None:
    """Refuse another dtype, shape, a NaN, or a value out of range."""
    if not isinstance(value, np.ndarray) or value.dtype.name != type_["dtype"]:
        got = getattr(getattr(value, "dtype", None), "name", type(value).__name__)
        raise refuse(name, f"expected dtype {type_['dtype']}, got {got}")
    _check_shape(name, type_, value.shape)
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise refuse(name, f"holds {int((~np.isfinite(value)).sum())} values that are no numbers")
    for bound, wrong in (("minimum", np.less), ("maximum", np.greater)):
        limit = type_[bound]
        if limit is not None and value.size and wrong(value, limit).any():
            raise refuse(name, f"holds values beyond its {bound} {limit:g}")


def _check_shape(name: str, type_: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    want = type_["shape"]
    fits = len(want) == len(shape) and all(
        w is None or w == n for w, n in zip(want, shape, strict=True)
    )
    if not fits:
        raise refuse(name, f"expected shape {list(want)}, got {list(shape)}")


def _dtype_of(name: str, type_: Mapping[str, Any], header: Header) -> np.dtype[Any]:
    """Give the declared dtype in the file's byte order."""
    want: np.dtype[Any] = np.dtype(type_["dtype"])
    if (header.kind, header.itemsize) != (want.kind, want.itemsize):
        got = f"{header.kind}{header.itemsize}"
        raise refuse(name, f"expected dtype {want.name} ({want.kind}{want.itemsize}), got {got}")
    return np.dtype(f"{header.byte_order}{want.kind}{want.itemsize}")


def _read(name: str, file: IO[bytes], dtype: np.dtype[Any], header: Header) -> np.ndarray:
    """Read the values, in the machine's own byte order."""
    flat = np.empty(header.count, dtype)
    raw = flat.view(np.uint8)
    got, part = 0, 1
    while part and got < raw.size:
        part = file.readinto(raw[got:].data)  # type: ignore[attr-defined]  # a BufferedReader
        got += part
    if got != raw.size or file.read(1):
        raise refuse(name, "the file changed while it was read")
    if dtype.kind == "b" and raw.size and raw.max() > 1:
        raise refuse(name, "holds a byte that is neither true nor false")
    flat = flat.astype(dtype.newbyteorder("="), copy=False)
    return flat.reshape(header.shape, order="F" if header.fortran_order else "C")

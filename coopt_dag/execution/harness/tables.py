"""Table artifacts: Parquet with declared columns, no missing values, unique keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from coopt_dag.errors import near
from coopt_dag.execution.harness.artifacts import refuse
from coopt_dag.execution.harness.parquet_bytes import read_columns
from coopt_dag.execution.harness.reading import most, read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ARROW = {
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
}


def load(
    name: str,
    type_: Mapping[str, Any],
    path: Path,
    *,
    limit_bytes: int | None = None,
    links: bool = False,
) -> pd.DataFrame:
    """Read a table and check it; columns come in declared order."""
    most_bytes = most(limit_bytes)
    data = read_plain(name, path, limit_bytes=most_bytes, links=links)
    try:
        columns = [c["name"] for c in type_["columns"]]
        table = read_columns(data, columns, limit_bytes=most_bytes)
        frame = table.to_pandas(use_threads=False, ignore_metadata=True)
        return check(name, type_, frame)  # where texts are looked at, some are no UTF-8
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise refuse(name, f"{path.name} is no table that can be read: {error}") from error


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check a table and write it: no index, no pandas metadata, the same bytes every time."""
    if not isinstance(value, pd.DataFrame):
        raise refuse(name, f"expected a pandas DataFrame, got {type(value).__name__}")
    frame = check(name, type_, value)
    kinds = {c["name"]: _ARROW[c["dtype"]] for c in type_["columns"]}
    table = pa.table(
        {column: pa.array(frame[column].to_numpy(), type=kinds[column]) for column in frame}
    )
    pq.write_table(table, path, compression="zstd", store_schema=False)


def check(name: str, type_: Mapping[str, Any], frame: pd.DataFrame) -> pd.DataFrame:
    """Give the declared columns in declared order and dtype, or refuse."""
    declared = {c["name"]: c for c in type_["columns"]}
    for column in frame.columns:
        if column not in declared:
            raise refuse(
                name,
                f"column '{column}' is not declared by type '{type_['id']}'",
                hint=near(str(column), declared),
            )
    columns: dict[str, Any] = {}
    for column, spec in declared.items():
        if column in frame.columns:
            columns[column] = _column(name, spec, frame[column])
        elif spec["required"]:
            raise refuse(name, f"column '{column}' is missing")
    checked = pd.DataFrame(columns)
    key = list(type_["key"])
    twice = checked.duplicated(subset=key)
    if twice.any():
        example = checked.loc[twice, key].iloc[0].to_dict()
        raise refuse(name, f"{int(twice.sum())} rows repeat a key, e.g. {example}")
    return checked


def _column(name: str, spec: Mapping[str, Any], series: pd.Series) -> Any:
    column, dtype = spec["name"], spec["dtype"]
    if series.isna().any():
        raise refuse(name, f"column '{column}' has {int(series.isna().sum())} missing values")
    if dtype == "string":
        return _strings(name, spec, series)
    values = series.to_numpy()
    if values.dtype.kind not in "iufb" or (dtype == "bool") != (values.dtype.kind == "b"):
        raise refuse(name, f"column '{column}' must be {dtype}, got {series.dtype}")
    cast = values.astype(dtype)
    if dtype.startswith("int") and not np.array_equal(cast, values):
        raise refuse(name, f"column '{column}' must hold {dtype}, some values do not fit")
    _in_range(name, spec, cast)
    return cast


def _strings(name: str, spec: Mapping[str, Any], series: pd.Series) -> Any:
    values = series.astype(object)
    if not all(isinstance(v, str) for v in values):
        raise refuse(name, f"column '{spec['name']}' must hold strings, got {series.dtype}")
    allowed = spec["values"]
    if allowed is not None:
        odd = sorted(set(values) - set(allowed))
        if odd:
            raise refuse(name, f"column '{spec['name']}' holds '{odd[0]}', allowed: {allowed}")
    return values.to_numpy()


def _in_range(name: str, spec: Mapping[str, Any], values: Any) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise refuse(name, f"column '{spec['name']}' holds infinite values")
    for bound, wrong in (("minimum", np.less), ("maximum", np.greater)):
        limit = spec[bound]
        if limit is not None and values.size and wrong(values, limit).any():
            worst = float(values.min() if bound == "minimum" else values.max())
            raise refuse(
                name, f"column '{spec['name']}' goes to {worst:g}, its {bound} is {limit:g}"
            )

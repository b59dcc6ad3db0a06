"""Typed artifacts: read, check and write by declared type; the only reader and writer there is.

Types arrive as plain mappings (the JSON of `model.artifact`), since pydantic is not in a
step's environment. Each kind's own module is imported when the first such artifact comes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ArtifactError(NodeFailedError):
    """An artifact breaks its declared type."""


def refuse(name: str, message: str, *, hint: str = "") -> ArtifactError:
    """Build the complaint about artifact `name`."""
    return ArtifactError(
        f"artifact '{name}': {message}", failure="invalid_output", field=name, hint=hint
    )


def load(
    name: str,
    type_: Mapping[str, Any],
    path: Path,
    *,
    limit_bytes: int | None = None,
    links: bool = False,
) -> Any:
    """Read and check one artifact; whatever its bytes are, the worst is an `ArtifactError`.

    Parameters
    ----------
    limit_bytes : int, optional
        What it may weigh, as a file and unpacked: the step's disk budget. Each kind has
        limits of its own besides.
    links : bool
        Take symbolic and hard links too: for what lies in our own store or data, never for
        what a step has just written.

    Returns
    -------
    pandas.DataFrame, numpy.ndarray, dict or Path
        By kind: table, array, json, file or folder.

    Raises
    ------
    ArtifactError
        Missing, unreadable, too large, or not of its declared type.
    """
    if not os.path.lexists(path):
        raise refuse(name, f"there is no {path.name}", hint=f"write {path.name}")
    try:
        return _reader_of(type_["kind"]).load(
            name, type_, path, limit_bytes=limit_bytes, links=links
        )
    except (MemoryError, RecursionError, OverflowError) as error:
        raise refuse(name, f"{path.name} is too large to read: {type(error).__name__}") from error


def _reader_of(kind: str) -> Any:
    """Give the module of a kind; numpy, pandas and pyarrow are imported by it alone."""
    match kind:
        case "table":
            from coopt_dag.execution.harness import tables

            return tables
        case "array":
            from coopt_dag.execution.harness import arrays

            return arrays
        case "json":
            from coopt_dag.execution.harness import documents

            return documents
        case _:
            from coopt_dag.execution.harness import files

            return files


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check one artifact and write it, byte-stable.

    Raises
    ------
    ArtifactError
        Not of its declared type; nothing is written then.
    """
    _reader_of(type_["kind"]).save(name, type_, value, path)

"""Typed artifacts: read, check and write by declared type; the only reader and writer there is.

Types arrive as plain mappings (the JSON of `model.artifact`), since pydantic is not in a
step's environment. Each kind's own module is imported when the first such artifact comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ArtifactError(NodeFailedError):
    """An artifact breaks its declared type."""


def refuse(name: str, message: str, *, hint: str = "") -> ArtifactError:
    """Build the complaint about artifact `name`."""
    return ArtifactError(f"artifact '{name}': {message}", field=name, hint=hint)


def load(name: str, type_: Mapping[str, Any], path: Path) -> Any:
    """Read and check one artifact.

    Returns
    -------
    pandas.DataFrame, numpy.ndarray, dict or Path
        By kind: table, array, json, file or folder.

    Raises
    ------
    ArtifactError
        Missing, unreadable, or not of its declared type.
    """
    if not path.exists():
        raise refuse(name, f"there is no {path.name}", hint=f"write {path.name}")
    match type_["kind"]:
        case "table":
            from coopt_dag.execution.harness import tables

            return tables.load(name, type_, path)
        case "array":
            from coopt_dag.execution.harness import arrays

            return arrays.load(name, type_, path)
        case "json":
            from coopt_dag.execution.harness import documents

            return documents.load(name, type_, path)
        case _:
            from coopt_dag.execution.harness import files

            return files.load(name, type_, path)


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check one artifact and write it, byte-stable.

    Raises
    ------
    ArtifactError
        Not of its declared type; nothing is written then.
    """
    match type_["kind"]:
        case "table":
            from coopt_dag.execution.harness import tables

            tables.save(name, type_, value, path)
        case "array":
            from coopt_dag.execution.harness import arrays

            arrays.save(name, type_, value, path)
        case "json":
            from coopt_dag.execution.harness import documents

            documents.save(name, type_, value, path)
        case _:
            from coopt_dag.execution.harness import files

            files.save(name, type_, value, path)

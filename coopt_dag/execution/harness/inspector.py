"""Reads what a step wrote, after its end and in a cage of its own, against the declared types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.execution.harness import artifacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def inspection_of(order: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Give the order to inspect what the run of `order` left in `folder`."""
    return dict(order) | {
        "kind": "inspect",
        "outputs_in": str(folder.resolve()),
        "inputs": [
            {"name": name, "type": spec["type"], "path": f"/in/{spec['file']}"}
            for name, spec in order["outputs"].items()
        ],
    }


def inspect(order: Mapping[str, Any], root: Path, out: Path) -> None:  # noqa: ARG001
    """Read every output by its declared type.

    Raises
    ------
    ArtifactError
        The first that is not of its type; its `field` is the output's name.
    """
    limit_bytes = order["disk_mb"] << 20
    for item in order["inputs"]:
        artifacts.load(item["name"], item["type"], root / item["path"], limit_bytes=limit_bytes)

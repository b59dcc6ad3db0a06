"""A plan made before, found again by content alone: no YAML, no pydantic, a few milliseconds."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.request import Request, fingerprint

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULTS = {"steps": "steps", "data": "data", "state": ".coopt"}


def plan_path(root: Path, request: Request, paths: dict[str, str]) -> Path:
    """Give the file that holds the plan of a request, as everything is now."""
    name = fingerprint(request, root=root, steps=root / paths["steps"], data=root / paths["data"])
    return root / paths["state"] / "plans" / f"{name}.json"


def cached_plan(start: Path, request: Request) -> tuple[Path, dict[str, Any]] | None:
    """Give the workspace's root and the plan, if this very question was planned before.

    The fingerprint covers coopt.toml, so a plan that is found was made from a valid one.
    """
    for root in (start, *start.parents):
        file = root / "coopt.toml"
        if file.is_file():
            try:
                paths = _DEFAULTS | tomllib.loads(file.read_text(encoding="utf-8")).get("paths", {})
                path = plan_path(root, request, paths)
                return root, json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError, TypeError):
                return None  # not planned yet, or broken: the long way says what is wrong
    return None

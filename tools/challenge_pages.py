"""steps/<challenge>/README.md: each challenge as its specification tells it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from coopt_dag.report.readme import render
from coopt_dag.specs.challenge import list_challenges, load_challenge
from coopt_dag.specs.workspace import find_workspace
from tools.architecture import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


def pages() -> dict[str, Callable[[], str]]:
    """Give path → function that renders it, for every challenge of this repository."""
    workspace = find_workspace(ROOT)
    return {
        f"{workspace.spec.paths.steps}/{name}/README.md": partial(_render, name)
        for name in list_challenges(workspace)
    }


def _render(name: str) -> str:
    return render(load_challenge(find_workspace(ROOT), name))

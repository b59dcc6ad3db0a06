from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.execution.outcome import Outcome
from coopt_dag.execution.planning import plan_for
from coopt_dag.execution.request import Request
from coopt_dag.execution.run import run
from coopt_dag.specs.workspace import find_workspace
from tests.workspaces import tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tiny(tmp_path / "tiny")


@pytest.fixture
def go(workspace: Path) -> Callable[..., Outcome]:
    def run_it(challenge: str = "tiny", **words: Any) -> Outcome:
        loaded = find_workspace(workspace)
        plan, path = plan_for(loaded, Request(challenge, **words))
        return run(plan, loaded.root, path, cores=2)

    return run_it

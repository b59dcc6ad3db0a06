from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coopt_dag.evaluation.desk import Desk
from coopt_dag.ledger.memory import MemoryLedger, MemorySigner
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.memory import MemoryStore
from tests.workspaces import tiny

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.specs.loaded import LoadedChallenge

LAB = MemorySigner("0x" + "1" * 40)
ADA = MemorySigner("0x" + "a" * 40)


class Scene:
    """The tiny challenge on a ledger in memory: a lab that owns it, and a contributor."""

    def __init__(self, root: Path) -> None:
        self.lab = Desk(find_workspace(root), MemoryStore(), MemoryLedger(lambda: 1000), LAB)
        self.ada = replace(self.lab, signer=ADA)
        self.root = root

    @property
    def challenge(self) -> LoadedChallenge:
        return load_challenge(self.lab.workspace, "tiny")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tiny(tmp_path / "tiny"))


@pytest.fixture
def tell() -> Callable[[str], None]:
    return lambda _text: None

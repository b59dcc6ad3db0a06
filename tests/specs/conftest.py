from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coopt_dag.specs.workspace import find_workspace

HERE = Path(__file__).parent


@pytest.fixture
def tiny(tmp_path):
    """A fresh copy of the valid workspace."""
    root = tmp_path / "workspace"
    shutil.copytree(HERE / "valid", root, ignore=shutil.ignore_patterns("__pycache__"))
    return find_workspace(root)


@pytest.fixture
def edited(tiny):
    """Write a changed file into the valid workspace: `edited(path, old, new)`."""

    def edit(name: str, old: str, new: str):
        path = tiny.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} must be there exactly once"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return tiny

    return edit

"""Small real workspaces for tests."""

from __future__ import annotations

import shutil
from pathlib import Path

TINY = Path(__file__).parent / "specs" / "valid"


def tiny(folder: Path) -> Path:
    """Copy the tiny challenge (double → add, JSON only, no packages) to a folder."""
    shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "coopt.toml").write_text(
        'schema = "coopt/workspace/1"\nname = "tiny"\nidentities = ".coopt/ids"\n'
    )
    return folder

"""How long nodes of a challenge took here: what an estimate goes by, and nothing else does."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROOM = "pace"
"""Folder of the private state with one file a challenge."""


def remember(state: Path, challenge: str, *, nodes: int, core_s: float) -> None:
    """Keep what the latest run of a challenge took: nodes that ended, and core seconds."""
    if nodes == 0:
        return
    path = state / ROOM / f"{challenge}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps({"nodes": nodes, "core_s": round(core_s, 3)}), encoding="utf-8")
    part.replace(path)


def estimate_s(state: Path, challenge: str, *, nodes: int, cores: int) -> float | None:
    """Say how long nodes would take at the pace of the latest run; None if there was none.

    >>> import tempfile
    >>> from pathlib import Path
    >>> state = Path(tempfile.mkdtemp())
    >>> estimate_s(state, "toy", nodes=10, cores=2) is None
    True
    >>> remember(state, "toy", nodes=4, core_s=8.0)
    >>> estimate_s(state, "toy", nodes=10, cores=2)
    10.0
    """
    try:
        found = json.loads((state / ROOM / f"{challenge}.json").read_text(encoding="utf-8"))
        pace = float(found["core_s"]) / int(found["nodes"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None  # a guess, not a result: the next run writes it anew
    return nodes * pace / cores

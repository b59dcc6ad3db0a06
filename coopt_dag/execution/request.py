"""What a run asks for, and the fingerprint of all bytes that the answer depends on."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import coopt_dag
from coopt_dag.execution.environments import platform_tag
from coopt_dag.graph.keys import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(coopt_dag.__file__).parent
EXAMPLE = "example"
"""Name of the split that `--stub` runs on."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which pipelines of a challenge, on which splits.

    Attributes
    ----------
    selection
        Step → solution id, where not the baseline.
    splits
        Names of splits; empty = the record and final splits, or else the public one.
    """

    challenge: str
    selection: Mapping[str, str] = field(default_factory=dict)
    all_combinations: bool = False
    splits: tuple[str, ...] = ()
    scored: bool = True

    @property
    def is_default(self) -> bool:
        """Tell whether this is the run that `results/<challenge>.json` holds."""
        return self == Request(self.challenge)

    def to_json(self) -> dict[str, object]:
        """Give the request as plain data."""
        return {
            "challenge": self.challenge,
            "selection": dict(self.selection),
            "all_combinations": self.all_combinations,
            "splits": list(self.splits),
            "scored": self.scored,
        }


def harness_version() -> str:
    """Give a digest of the code that runs inside every node; a change re-runs all nodes."""
    return _digest_of(PACKAGE / "execution" / "harness", PACKAGE / "errors")


def attacks_version() -> str:
    """Give a digest of the attacks that a cage was tested with; a change asks for a new test."""
    return _digest_of(PACKAGE / "execution" / "attacks")


def metrics_version() -> str:
    """Give a digest of the library that metrics may import; a change re-scores."""
    return _digest_of(PACKAGE / "metrics")


def planner_version() -> str:
    """Give a digest of the code that makes plans; a change makes cached plans void."""
    return _digest_of(
        PACKAGE / "graph", PACKAGE / "specs", PACKAGE / "model", PACKAGE / "execution"
    )


def fingerprint(request: Request, *, root: Path, steps: Path, data: Path) -> str:
    """Digest everything that a plan depends on, by content: specs, code, data, this package."""
    return digest(
        {
            "request": request.to_json(),
            "planner": planner_version(),
            "metrics": metrics_version(),
            "platform": platform_tag(),
            "workspace": hashlib.sha256((root / "coopt.toml").read_bytes()).hexdigest(),
            "steps": _digest_of(steps / request.challenge),
            "data": _digest_of(data / request.challenge),
        }
    )


def _digest_of(*folders: Path) -> str:
    total = hashlib.sha256()
    for folder in folders:
        for path, relative in _files(str(folder), ""):
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # on the path to a no-op
                content = hashlib.file_digest(file, "sha256").digest()
            executable = b"x" if os.access(path, os.X_OK) else b"-"
            total.update(relative.encode() + b"\0" + executable + content)
    return total.hexdigest()


def _files(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name == "__pycache__" or entry.name.endswith(".pyc"):
            continue
        relative = f"{prefix}/{entry.name}" if prefix else entry.name
        if entry.is_dir():
            yield from _files(entry.path, relative)
        elif entry.is_file():
            yield entry.path, relative

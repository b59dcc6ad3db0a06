"""What planning needs to know of a challenge: names, hashes and ports; no files, no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA = "data"
"""Name of the pseudo-step whose outputs are what a split provides."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input of a step and where it comes from (`source` is a step id or `data`)."""

    name: str
    type: str
    source: str
    output: str


@dataclass(frozen=True, slots=True)
class MetricShape:
    """A metric: what it compares, and the digest of everything that its value depends on."""

    label: str
    step: str
    output: str
    truth: str
    digest: str


@dataclass(frozen=True, slots=True)
class StepShape:
    """A step: ports, output names, and the digest of its contract (types of all ports)."""

    id: str
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    contract: str
    metric: MetricShape


@dataclass(frozen=True, slots=True)
class SolutionShape:
    """A solution: its name and the digest of code, entry, parameters and environment."""

    id: str
    step: str
    digest: str
    truths: tuple[str, ...] = ()
    """Truths that it reads as well: those of a control, never of a solution."""


@dataclass(frozen=True, slots=True)
class DatasetShape:
    """A split: sha256 of each input and each truth."""

    split: str
    inputs: Mapping[str, str]
    truths: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChallengeShape:
    """A challenge: steps in topological order, and what every key depends on."""

    id: str
    steps: tuple[StepShape, ...]
    end_to_end: MetricShape
    common: Mapping[str, Any]
    """Seed, harness version, platform: part of every key."""

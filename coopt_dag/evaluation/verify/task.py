"""What is verified, and what is counted on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coopt_dag.evaluation.published import fetch_challenge
from coopt_dag.ledger.events import SettlementProposed
from coopt_dag.ledger.state import LedgerState, project
from coopt_dag.model.wad import to_wad

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.execution.run import Progress
    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.state import Submission
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge

TOLERANCE = 1e-5
"""How far two honest runs may differ where a metric does not say it itself, in its unit."""


@dataclass(slots=True)
class Counts:
    """What was looked at."""

    blocks: int = 0
    events: int = 0
    submissions: int = 0
    objects: int = 0
    nodes_run: int = 0
    outputs_compared: int = 0
    scores_compared: int = 0
    payments: int = 0
    largest_difference: float = 0.0

    def compared(self, expected_wad: int, found_wad: int) -> None:
        """Count a score that was compared."""
        self.scores_compared += 1
        found = abs(expected_wad - found_wad) / 10**18
        self.largest_difference = max(self.largest_difference, found)


@dataclass(slots=True)
class Task:
    """One epoch of one challenge, on a desk of one's own that only reads the ledger."""

    desk: Desk
    name: str
    epoch: int
    events: tuple[Event, ...]
    state: LedgerState
    cores: int
    tell: Callable[[str], None]
    listener: Callable[[Progress], None] | None = None
    counts: Counts = field(default_factory=Counts)
    missing: list[dict[str, str]] = field(default_factory=list)
    """What could not be had, and what could not be verified for it."""

    def lacks(self, what: str, why: str) -> None:
        """Note something that could not be verified."""
        row = {"what": what, "why": why}
        if row not in self.missing:
            self.missing.append(row)

    @property
    def submissions(self) -> list[Submission]:
        """Give the epoch's submissions, rising."""
        return [
            s
            for _, s in sorted(self.state.submissions.items())
            if (s.challenge, s.epoch) == (self.name, self.epoch)
        ]

    @property
    def proposal(self) -> SettlementProposed | None:
        """Give the latest settlement of the epoch that was not struck."""
        entry = self.state.settlements.get((self.name, self.epoch))
        if entry is None or entry.is_struck:
            return None
        found = [
            e
            for e in self.events
            if isinstance(e, SettlementProposed)
            and (e.challenge, e.epoch) == (self.name, self.epoch)
        ]
        return found[-1]

    def before(self, seq: int) -> LedgerState:
        """Give the ledger's state before an event."""
        return project(self.events[:seq])

    def challenge(self) -> LoadedChallenge:
        """Give the challenge as published, in the scratch workspace."""
        return fetch_challenge(self.desk, self.state, self.name)


def tolerance_of(metric: Metric) -> float:
    """Give how far two honest runs may differ, in the metric's unit."""
    return metric.tolerance if "tolerance" in metric.model_fields_set else TOLERANCE


def is_near(expected_wad: int, found_wad: int, metric: Metric) -> bool:
    """Tell whether two scores are the same as far as honest machines agree."""
    return abs(expected_wad - found_wad) <= to_wad(tolerance_of(metric))


def settlement_place(task: Task) -> str:
    """Name the settlement in messages."""
    return f"settlement of epoch {task.epoch} of '{task.name}'"


def plain(value: Any) -> Any:
    """Give what JSON can say."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

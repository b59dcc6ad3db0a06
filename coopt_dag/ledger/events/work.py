"""Claims and submissions."""

from __future__ import annotations

from dataclasses import dataclass

from coopt_dag.ledger.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Event):
    """A lease was taken or renewed."""

    challenge: str
    step: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Event):
    """A lease was given back."""

    challenge: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Event):
    """A solution was promised; the number is its priority."""

    challenge: str
    step: str
    submission_id: int
    commitment: str
    """64 hex digits."""
    reveal_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Event):
    """A promised solution was revealed."""

    challenge: str
    step: str
    submission_id: int
    solution_cid: str
    parents: tuple[int, ...]

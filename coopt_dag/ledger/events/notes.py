"""What people said, and what became of signed requests."""

from __future__ import annotations

from dataclasses import dataclass

from coopt_dag.ledger.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored(Event):
    """Somebody said which root of artifacts a revision has."""

    challenge: str
    revision: str
    root_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnchored(Event):
    """Somebody said many small contributions at once."""

    challenge: str
    root: str
    count: int
    batch_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(Event):
    """Somebody said what it found in another's submission."""

    challenge: str
    step: str
    submission_id: int
    opinion: str
    review_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsed(Event):
    """Somebody stands behind another's submission."""

    challenge: str
    step: str
    submission_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped(Event):
    """A relayed request of `actor` failed; it may come again."""

    nonce: int
    reason: str
    """What it reverted with, hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NonceCancelled(Event):
    """Somebody made a signed request worthless."""

    nonce: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStarted(Event):
    """New things are stopped until the second `until`."""

    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseEnded(Event):
    """A pause was ended early."""

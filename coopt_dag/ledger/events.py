"""What happened, as the ledger tells it; the only source of boards and profiles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Where an event stands, and who caused it (`actor`, lower-case hex address)."""

    seq: int
    """Position among all events, from 0."""
    block: int
    time: int
    """Seconds since 1970, the block's clock."""
    tx_hash: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeRegistered(Event):
    """A challenge was opened."""

    challenge: str
    manifest_cid: str
    evaluators: tuple[str, ...]
    slots: int
    closes_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRegistered(Event):
    """A step was added."""

    challenge: str
    step: str
    spec_cid: str
    direction: str
    min_delta_wad: int
    claim_cap: int


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
class Submitted(Event):
    """A solution was offered."""

    submission_id: int
    challenge: str
    step: str
    solution_cid: str
    parents: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Event):
    """A submission was scored; `before_wad` is None for the first score of a step."""

    submission_id: int
    challenge: str
    step: str
    contributor: str
    score_wad: int
    before_wad: int | None
    improvement_wad: int
    is_record: bool
    e2e_score_wad: int
    report_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Event):
    """A submission was refused: no score."""

    submission_id: int
    challenge: str
    step: str
    contributor: str
    reason: str
    report_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRescored(Event):
    """A head has another score, since a record upstream changed what it is fed with."""

    challenge: str
    step: str
    old_wad: int
    new_wad: int
    because: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored(Event):
    """Somebody said which root of artifacts a revision has."""

    challenge: str
    revision: str
    root_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed(Event):
    """The owner committed to hidden data."""

    challenge: str
    epoch: int
    root: str
    """Merkle root, 64 hex digits."""
    sealed_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed(Event):
    """The owner revealed the keys of an epoch."""

    challenge: str
    epoch: int
    keys_cid: str

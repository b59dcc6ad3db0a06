"""What a contributor does: claim a step, commit to a solution, reveal it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """Lease a step for 60 s to 30 days, or renew one's lease."""

    challenge: str
    step: str
    duration_s: int


@dataclass(frozen=True, slots=True)
class Release:
    """Give a lease back."""

    challenge: str
    step: str


@dataclass(frozen=True, slots=True)
class Commit:
    """Promise a solution: 64 hex digits, by `hashing.commitment_of`. Its number is its priority."""

    challenge: str
    step: str
    commitment: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """Show what was committed to; `parents` are rising numbers of submissions it builds on.

    `salt` is 64 hex digits.
    """

    submission_id: int
    solution_cid: str
    parents: tuple[int, ...]
    salt: str

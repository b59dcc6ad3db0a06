"""Scores, and doubts about them."""

from __future__ import annotations

from dataclasses import dataclass

from coopt_dag.ledger.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Event):
    """A submission was scored; `before_wad` is None for the first score of a step."""

    challenge: str
    step: str
    submission_id: int
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

    challenge: str
    step: str
    submission_id: int
    contributor: str
    reason: str
    report_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRescored(Event):
    """A head has another score: by a record upstream, or by a new metric."""

    challenge: str
    step: str
    old_wad: int
    new_wad: int
    because: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresCommitted(Event):
    """Evaluators committed to what they found; `reveal_by` is 0 while the quorum is open."""

    challenge: str
    step: str
    submission_id: int
    base: str
    """What the first was chained onto, 64 hex digits."""
    evaluators: tuple[str, ...]
    commitments: tuple[str, ...]
    reveal_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested(Event):
    """An evaluator's finding was opened; a reason stands for a score that is not there."""

    challenge: str
    step: str
    submission_id: int
    evaluator: str
    score_wad: int
    e2e_score_wad: int
    reason: str
    report_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningPublished(Event):
    """An evaluator showed its opening before the others were there."""

    challenge: str
    step: str
    submission_id: int
    evaluator: str
    score_wad: int
    e2e_score_wad: int
    reason: str
    report_cid: str
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundExpired(Event):
    """Openings did not come; a bit of `withheld` (first named, lowest) is an evaluator shut out."""

    challenge: str
    step: str
    submission_id: int
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadFound(Event):
    """The evaluators were too far apart: the others decide whether the median stands."""

    challenge: str
    step: str
    submission_id: int
    score_wad: int
    e2e_score_wad: int
    spread_wad: int
    vote_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed(Event):
    """Somebody doubts a record."""

    challenge: str
    step: str
    submission_id: int
    bond_wei: int
    vote_by: int
    evidence_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided(Event):
    """A dispute ended; the bond is owed to `bond_to`."""

    challenge: str
    step: str
    submission_id: int
    upheld: bool
    bond_to: str
    bond_wei: int
    report_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck(Event):
    """A submission counts no more; the step's head is `head_id` now, 0 if none."""

    challenge: str
    step: str
    submission_id: int
    was_head: bool
    head_id: int
    head_score_wad: int

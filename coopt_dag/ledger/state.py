"""The present, folded from all events: pure, the same for every adapter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coopt_dag.ledger.entries import (
    FOR_EVER,
    AnchorEntry,
    BountyEntry,
    ChallengeEntry,
    DisputeEntry,
    HeadEntry,
    MetricEntry,
    ReviewEntry,
    Round,
    SealEntry,
    SettlementEntry,
    StepEntry,
    Submission,
)
from coopt_dag.ledger.projection import apply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopt_dag.ledger.events import Event

__all__ = [
    "AnchorEntry",
    "BountyEntry",
    "ChallengeEntry",
    "DisputeEntry",
    "HeadEntry",
    "LedgerState",
    "MetricEntry",
    "ReviewEntry",
    "Round",
    "SealEntry",
    "SettlementEntry",
    "StepEntry",
    "Submission",
    "project",
]

Place = tuple[str, str]
"""Challenge and step."""


@dataclass(slots=True)
class LedgerState:
    """Everything that the events say, as of the last one."""

    challenges: dict[str, ChallengeEntry] = field(default_factory=dict)
    terms: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """(challenge, evaluator) → second from which it may judge, second from which no more."""
    steps: dict[Place, StepEntry] = field(default_factory=dict)
    announced: dict[Place, MetricEntry] = field(default_factory=dict)
    claims: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(challenge, step, holder) → when the lease ends."""
    submissions: dict[int, Submission] = field(default_factory=dict)
    """Number → submission, rising; those only promised among them."""
    first: dict[Place, int] = field(default_factory=dict)
    """Step → its first submission."""
    used: dict[tuple[str, str, str, int], int] = field(default_factory=dict)
    """(challenge, step, contributor, epoch) → slots taken."""
    heads: dict[Place, HeadEntry] = field(default_factory=dict)
    records: dict[str, list[int]] = field(default_factory=dict)
    """Challenge → the records that stand, in the order in which they were made."""
    rounds: dict[int, Round] = field(default_factory=dict)
    """Pending submission → evaluators' commitments to it."""
    disputes: dict[int, DisputeEntry] = field(default_factory=dict)
    bounties: dict[int, BountyEntry] = field(default_factory=dict)
    settlements: dict[tuple[str, int], SettlementEntry] = field(default_factory=dict)
    """(challenge, epoch) → its settlement."""
    credit: dict[tuple[str, str], int] = field(default_factory=dict)
    """(challenge, account) → credit units that it has redeemed."""
    reviews: dict[int, list[ReviewEntry]] = field(default_factory=dict)
    endorsements: dict[int, list[str]] = field(default_factory=dict)
    anchors: dict[str, list[AnchorEntry]] = field(default_factory=dict)
    """Challenge → everybody's anchors in the order of the ledger; see `official_anchor`."""
    seals: dict[str, list[SealEntry]] = field(default_factory=dict)
    """Challenge → its seals, epoch 1 first."""

    def seal(self, challenge: str) -> SealEntry | None:
        """Give the seal of the present epoch."""
        seals = self.seals.get(challenge)
        return seals[-1] if seals else None

    def epoch(self, challenge: str) -> int:
        """Give the number of the latest seal, 0 if there is none."""
        return len(self.seals.get(challenge, ()))

    def judges(self, challenge: str, *, now: int) -> tuple[str, ...]:
        """Give who may judge at `now`."""
        return tuple(
            who
            for who in self.challenges[challenge].evaluators
            if self.terms.get((challenge, who), (0, FOR_EVER))[0]
            <= now
            < self.terms.get((challenge, who), (0, FOR_EVER))[1]
        )

    def is_open(self, challenge: str, *, now: int) -> bool:
        """Tell whether contributors can submit at `now`: deadline ahead, hidden data hidden."""
        closes_at, seal = self.challenges[challenge].closes_at, self.seal(challenge)
        return (closes_at == 0 or now < closes_at) and (seal is None or not seal.is_open)

    def slots_left(self, challenge: str, step: str, who: str) -> int | None:
        """Give how often `who` can still submit to a step in this epoch; None = unlimited."""
        slots = self.challenges[challenge].slots
        if slots == 0:
            return None
        return max(0, slots - self.used.get((challenge, step, who, self.epoch(challenge)), 0))

    def broken_rule(self, submission: Submission) -> str | None:
        """Tell why a submission must not be judged: `late` or `no_slot`; None if it may be.

        The ledger refuses such submissions; evaluators ask again, so that nobody has to believe
        that the ledger they read did.
        """
        if submission.is_baseline:
            return None
        rules = self.challenges[submission.challenge]
        if rules.closes_at and submission.time >= rules.closes_at:
            return "late"
        seals = self.seals.get(submission.challenge, [])
        seal = seals[submission.epoch - 1] if submission.epoch else None
        if seal is not None and seal.is_open and submission.id > seal.last_before:
            return "late"
        return "no_slot" if rules.slots and submission.slot > rules.slots else None

    def head(self, challenge: str, step: str) -> HeadEntry | None:
        """Give a step's record holder."""
        return self.heads.get((challenge, step))

    def end_to_end_wad(self, challenge: str) -> int | None:
        """Give the end-to-end score of the latest record that stands."""
        records = self.records.get(challenge)
        return self.submissions[records[-1]].e2e_score_wad if records else None

    def official_anchor(self, challenge: str, revision: str | None = None) -> AnchorEntry | None:
        """Give the latest anchor by the owner or an evaluator, of any revision or of this one."""
        entry = self.challenges.get(challenge)
        trusted = () if entry is None else (entry.owner, *entry.evaluators)
        for anchor in reversed(self.anchors.get(challenge, ())):
            if anchor.who in trusted and revision in {None, anchor.revision}:
                return anchor
        return None

    @property
    def pending(self) -> list[Submission]:
        """Submissions that were revealed and that nobody has judged, by priority."""
        return [s for _, s in sorted(self.submissions.items()) if s.status == "pending"]

    def live_claims(self, challenge: str, step: str, *, now: int) -> dict[str, int]:
        """Give holder → end of each lease that is live at `now`."""
        return {
            who: end
            for (c, s, who), end in self.claims.items()
            if (c, s) == (challenge, step) and end > now
        }


def project(events: Iterable[Event], state: LedgerState | None = None) -> LedgerState:
    """Fold events into a state, from the beginning or on top of `state`."""
    state = LedgerState() if state is None else state
    for event in events:
        apply(state, event)
    return state

"""What happened, as the ledger tells it; the only source of boards and profiles.

An event's class is an event of one of the contracts, its fields are the event's parameters under
their Python names; `codec` turns the one into the other by the ABI. Where a contract tells a
key, the event tells the names behind it.
"""

from coopt_dag.ledger.events.event import Event
from coopt_dag.ledger.events.judging import (
    Attested,
    Disputed,
    DisputeDecided,
    HeadRescored,
    OpeningPublished,
    Rejected,
    RoundExpired,
    Scored,
    ScoresCommitted,
    SpreadFound,
    Struck,
)
from coopt_dag.ledger.events.money import (
    Funded,
    GrantReleased,
    Redeemed,
    Refunded,
    SettlementDecided,
    SettlementDisputed,
    SettlementProposed,
    Withdrawn,
)
from coopt_dag.ledger.events.notes import (
    Anchored,
    BatchAnchored,
    Endorsed,
    NonceCancelled,
    PauseEnded,
    PauseStarted,
    Reviewed,
    Skipped,
)
from coopt_dag.ledger.events.registry import (
    ChallengeRegistered,
    EvaluatorAdded,
    EvaluatorRetired,
    MetricActivated,
    MetricProposed,
    Sealed,
    StepRegistered,
    Unsealed,
)
from coopt_dag.ledger.events.work import Claimed, Committed, Released, Submitted

__all__ = [
    "Anchored",
    "Attested",
    "BatchAnchored",
    "ChallengeRegistered",
    "Claimed",
    "Committed",
    "DisputeDecided",
    "Disputed",
    "Endorsed",
    "EvaluatorAdded",
    "EvaluatorRetired",
    "Event",
    "Funded",
    "GrantReleased",
    "HeadRescored",
    "MetricActivated",
    "MetricProposed",
    "NonceCancelled",
    "OpeningPublished",
    "PauseEnded",
    "PauseStarted",
    "Redeemed",
    "Refunded",
    "Rejected",
    "Released",
    "Reviewed",
    "RoundExpired",
    "Scored",
    "ScoresCommitted",
    "Sealed",
    "SettlementDecided",
    "SettlementDisputed",
    "SettlementProposed",
    "Skipped",
    "SpreadFound",
    "StepRegistered",
    "Struck",
    "Submitted",
    "Unsealed",
    "Withdrawn",
]

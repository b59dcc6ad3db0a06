"""What anybody can ask of the ledger: each accepted action leaves at least one event.

An action's class is a function of one of the contracts, its fields are the
function's arguments under their Python names; `codec` turns the one into the other by the ABI.
"""

from coopt_dag.ledger.actions.judging import (
    CommitScores,
    Decide,
    Dispute,
    ExpireRound,
    Lapse,
    Opening,
    PublishOpening,
    Reject,
    Rescore,
    RevealScores,
    Score,
    ScoreCommitment,
    Vote,
)
from coopt_dag.ledger.actions.money import (
    DecideSettlement,
    DisputeSettlement,
    Fund,
    LapseSettlement,
    ProposeSettlement,
    Redeem,
    Refund,
    ReleaseGrant,
    Share,
    Withdraw,
)
from coopt_dag.ledger.actions.notes import Anchor, AnchorBatch, Endorse, Review
from coopt_dag.ledger.actions.registry import (
    ActivateMetric,
    AddEvaluator,
    ProposeMetric,
    RegisterChallenge,
    RegisterStep,
    RetireEvaluator,
    Seal,
    Unseal,
)
from coopt_dag.ledger.actions.relaying import CancelNonce, Pause, Relay, SignedRequest, Unpause
from coopt_dag.ledger.actions.work import Claim, Commit, Release, Reveal

Action = (
    RegisterChallenge
    | AddEvaluator
    | RetireEvaluator
    | RegisterStep
    | Seal
    | Unseal
    | ProposeMetric
    | ActivateMetric
    | Claim
    | Release
    | Commit
    | Reveal
    | Score
    | Reject
    | Rescore
    | CommitScores
    | RevealScores
    | PublishOpening
    | ExpireRound
    | Dispute
    | Decide
    | Lapse
    | Withdraw
    | Fund
    | Refund
    | ReleaseGrant
    | ProposeSettlement
    | DisputeSettlement
    | DecideSettlement
    | LapseSettlement
    | Redeem
    | Anchor
    | AnchorBatch
    | Review
    | Endorse
    | Relay
    | CancelNonce
    | Pause
    | Unpause
)

__all__ = [
    "Action",
    "ActivateMetric",
    "AddEvaluator",
    "Anchor",
    "AnchorBatch",
    "CancelNonce",
    "Claim",
    "Commit",
    "CommitScores",
    "Decide",
    "DecideSettlement",
    "Dispute",
    "DisputeSettlement",
    "Endorse",
    "ExpireRound",
    "Fund",
    "Lapse",
    "LapseSettlement",
    "Opening",
    "Pause",
    "ProposeMetric",
    "ProposeSettlement",
    "PublishOpening",
    "Redeem",
    "Refund",
    "RegisterChallenge",
    "RegisterStep",
    "Reject",
    "Relay",
    "Release",
    "ReleaseGrant",
    "Rescore",
    "RetireEvaluator",
    "Reveal",
    "RevealScores",
    "Review",
    "Score",
    "ScoreCommitment",
    "Seal",
    "Share",
    "SignedRequest",
    "Unpause",
    "Unseal",
    "Vote",
    "Withdraw",
]

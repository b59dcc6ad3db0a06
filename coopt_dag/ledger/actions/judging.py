"""What evaluators do, and those who doubt them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vote:
    """An evaluator's voice; an empty signature (hex) stands for the sender's own."""

    evaluator: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class ScoreCommitment:
    """An evaluator's promise (64 hex digits); an empty signature stands for the sender's own."""

    evaluator: str
    commitment: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What an evaluator found: a score, or the reason (at most 31 bytes) why there is none."""

    evaluator: str
    score_wad: int
    e2e_score_wad: int
    reason: str
    report_cid: str
    salt: str
    """64 hex digits."""


@dataclass(frozen=True, slots=True)
class Score:
    """Record what a submission scored, where one evaluator is the quorum."""

    submission_id: int
    score_wad: int
    e2e_score_wad: int
    report_cid: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Record that a submission has no score, where one evaluator is the quorum.

    `reason` is a class of at most 31 bytes.
    """

    submission_id: int
    reason: str
    report_cid: str


@dataclass(frozen=True, slots=True)
class Rescore:
    """Give a head the score that it has since submission `because` changed its context.

    After a change of metric `because` is the head itself. `votes` are a quorum, rising by
    address; signed over `typed.rescore`.
    """

    challenge: str
    step: str
    score_wad: int
    because: int
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class CommitScores:
    """Bring evaluators' commitments, one or many, up to the quorum."""

    submission_id: int
    commitments: tuple[ScoreCommitment, ...]


@dataclass(frozen=True, slots=True)
class RevealScores:
    """Open all commitments of a complete quorum, in their order; `base` is 64 hex digits."""

    submission_id: int
    base: str
    openings: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class PublishOpening:
    """Show one opening on the ledger, so that nobody can say it was withheld."""

    submission_id: int
    base: str
    commitments: tuple[ScoreCommitment, ...]
    opening: Opening


@dataclass(frozen=True, slots=True)
class ExpireRound:
    """End a round whose openings did not come in time; who showed none is shut out."""

    submission_id: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """Dispute a record within its window; `value_wei` is the challenge's bond."""

    submission_id: int
    evidence_cid: str
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class Decide:
    """Decide a dispute by a majority of evaluators; signed over `typed.verdict`.

    Upheld strikes the submission; otherwise its score stands for good.
    """

    submission_id: int
    upheld: bool
    report_cid: str
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class Lapse:
    """End a vote that came to nothing."""

    submission_id: int

"""What the ledger's state is made of: frozen, one class a thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coopt_dag.ledger.actions import Opening, Share

FOR_EVER = 2**64 - 1


@dataclass(frozen=True, slots=True)
class ChallengeEntry:
    """A challenge on the ledger, with its rules (see `actions.RegisterChallenge`)."""

    owner: str
    manifest_cid: str
    evaluators: tuple[str, ...]
    """All that were ever named, in that order; `LedgerState.judges` tells who may judge."""
    slots: int = 0
    closes_at: int = 0
    quorum: int = 1
    reveal_s: int = 0
    dispute_s: int = 0
    bond_wei: int = 0
    pot: int = 0


@dataclass(frozen=True, slots=True)
class StepEntry:
    """A step's rules, by the metric version in force."""

    spec_cid: str
    direction: str
    min_delta_wad: int
    claim_cap: int
    tolerance_wad: int = 0
    metric_version: int = 0
    changes: int = 0
    """Of the metric, and of the head's score by votes: what is voted on names it."""
    is_stale: bool = False
    """The head's score is of an older metric: nothing can beat it before it is scored anew."""


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """The next version of a step's metric, announced and not in force yet."""

    spec_cid: str
    direction: str
    min_delta_wad: int
    tolerance_wad: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A solution that was promised or offered, and what became of it."""

    id: int
    challenge: str
    step: str
    contributor: str
    solution_cid: str
    """Empty while it is only promised."""
    parents: tuple[int, ...]
    time: int
    """When it was promised: its priority."""
    status: str = "pending"
    """committed, pending, record, no_gain, rejected, contested or struck."""
    score_wad: int | None = None
    before_wad: int | None = None
    improvement_wad: int | None = None
    e2e_score_wad: int | None = None
    reason: str = ""
    tx_hash: str = ""
    report_cid: str = ""
    epoch: int = 0
    """Number of the latest seal when it was promised; 0 if there was none."""
    is_baseline: bool = False
    """The owner's first of the step, to which neither slots nor deadlines apply."""
    slot: int = 0
    """Which of its author's slots of the step and epoch it took, from 1; 0 for a baseline."""
    commitment: str = ""
    reveal_by: int = 0
    metric_version: int = 0
    """Version that it was judged by."""
    before_id: int = 0
    """The record that it beat; 0 if it was the first."""
    disputable_until: int = 0
    """Second from which its record cannot be disputed any more."""


@dataclass(frozen=True, slots=True)
class HeadEntry:
    """A step's record holder."""

    submission_id: int
    solution_cid: str
    contributor: str
    score_wad: int


@dataclass(frozen=True, slots=True)
class Round:
    """Evaluators' commitments to one submission, in their order.

    Attributes
    ----------
    base : str
        What the first was chained onto.
    links : tuple of (evaluator, commitment)
    reveal_by : int
        0 while the quorum is not complete.
    openings
        What was shown on the ledger so far.
    """

    base: str
    links: tuple[tuple[str, str], ...]
    reveal_by: int = 0
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class DisputeEntry:
    """A doubt that is not decided; nobody is its `disputer` where the spread was the cause."""

    disputer: str
    bond_wei: int
    vote_by: int
    evidence_cid: str = ""


@dataclass(frozen=True, slots=True)
class BountyEntry:
    """What a sponsor put up, and what is left of it."""

    id: int
    challenge: str
    step: str
    epoch: int
    sponsor: str
    asset: str
    amount: int
    left: int
    payee: str
    deadline: int
    terms_cid: str


@dataclass(frozen=True, slots=True)
class SettlementEntry:
    """Who is paid what for an epoch, by the latest root that was proposed."""

    proposer: str
    root: str
    table_cid: str
    credit: int
    shares: tuple[Share, ...]
    round: int
    final_at: int
    is_struck: bool = False
    dispute: DisputeEntry | None = None
    redeemed: frozenset[int] = frozenset()
    """Numbers of the leaves that were paid."""


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """What somebody found in another's submission."""

    who: str
    opinion: str
    review_cid: str
    time: int


@dataclass(frozen=True, slots=True)
class AnchorEntry:
    """Somebody's word that a revision's artifacts are those below a root."""

    who: str
    revision: str
    root_cid: str
    time: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class SealEntry:
    """The owner's commitment to hidden data."""

    epoch: int
    root: str
    sealed_cid: str
    time: int
    tx_hash: str
    keys_cid: str = ""
    """Names the revealed keys; empty while they are secret."""
    last_before: int = 0
    """Number of the last submission before the keys were revealed."""

    @property
    def is_open(self) -> bool:
        """Tell whether everybody can read the data."""
        return self.keys_cid != ""

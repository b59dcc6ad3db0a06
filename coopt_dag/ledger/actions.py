"""What anybody can ask of the ledger; each accepted action leaves one event."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegisterChallenge:
    """Open a challenge; the sender owns it, the named evaluators may score.

    `slots` limits what one contributor may submit to one step in one epoch, 0 = unlimited;
    from the second `closes_at` on nobody can submit, 0 = never.
    """

    challenge: str
    manifest_cid: str
    evaluators: tuple[str, ...]
    slots: int = 0
    closes_at: int = 0


@dataclass(frozen=True, slots=True)
class RegisterStep:
    """Add a step; only the owner may. `claim_cap` 0 means any number of live claims."""

    challenge: str
    step: str
    spec_cid: str
    direction: str
    min_delta_wad: int
    claim_cap: int = 0


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
class Submit:
    """Offer a solution; `parents` are rising numbers of submissions that it builds on."""

    challenge: str
    step: str
    solution_cid: str
    parents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """Record what a submission scored; evaluators only. Whether it is a record, the rules say."""

    submission_id: int
    step_score_wad: int
    e2e_score_wad: int
    report_cid: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Record that a submission has no score; `reason` is a class of at most 31 bytes."""

    submission_id: int
    reason: str
    report_cid: str


@dataclass(frozen=True, slots=True)
class Rescore:
    """Give a head the score that it has since submission `because` changed its context."""

    challenge: str
    step: str
    score_wad: int
    because: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """Say which root of artifacts a revision has; anybody may, and readers choose whom to believe.

    `revision` is text of 1 to 64 bytes, as a rule a git commit.
    """

    challenge: str
    revision: str
    root_cid: str


@dataclass(frozen=True, slots=True)
class Seal:
    """Commit to hidden data; only the owner may, and a seal is never changed.

    Epochs count from 1; `root` is the Merkle root, 64 hex digits.
    """

    challenge: str
    root: str
    sealed_cid: str


@dataclass(frozen=True, slots=True)
class Unseal:
    """Reveal the keys of an epoch, once; only the owner may. While the latest is open none submits.

    `keys_cid` names the revealed keys.
    """

    challenge: str
    epoch: int
    keys_cid: str


Action = (
    RegisterChallenge
    | RegisterStep
    | Claim
    | Release
    | Submit
    | Score
    | Reject
    | Rescore
    | Anchor
    | Seal
    | Unseal
)

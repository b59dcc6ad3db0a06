"""What people say beside the metric: roots of artifacts, batches, reviews, endorsements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Anchor:
    """Say which root of artifacts a revision has; anybody may, and readers choose whom to believe.

    `revision` is text of 1 to 64 bytes, as a rule a git commit.
    """

    challenge: str
    revision: str
    root_cid: str


@dataclass(frozen=True, slots=True)
class AnchorBatch:
    """Say `count` small contributions at once, by their Merkle root (64 hex digits)."""

    challenge: str
    root: str
    count: int
    batch_cid: str


@dataclass(frozen=True, slots=True)
class Review:
    """Say what one found in another's submission: comment, reproduced or concern."""

    submission_id: int
    opinion: str
    review_cid: str


@dataclass(frozen=True, slots=True)
class Endorse:
    """Stand behind another's submission, once."""

    submission_id: int

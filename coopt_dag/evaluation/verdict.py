"""What became of one submission, in the ledger's words: nothing that the ledger does not tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.model.wad import from_wad

if TYPE_CHECKING:
    from coopt_dag.ledger.state import Submission


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one submission; scores are exact decimal texts, and of records only."""

    submission_id: int
    challenge: str
    step: str
    contributor: str
    solution_cid: str
    status: str
    """record, no_gain or rejected; pending while other evaluators of the quorum are awaited."""
    before: str | None
    after: str | None
    improvement: str | None
    e2e_before: str | None
    e2e_after: str | None
    reason: str
    tx_hash: str
    executed: int = 0
    reused: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the verdict as plain data."""
        return asdict(self)


def verdict_of(
    submission: Submission, *, e2e_before: int | None = None, executed: int = 0, reused: int = 0
) -> Verdict:
    """Give the verdict on a submission that the ledger has judged.

    Parameters
    ----------
    submission : Submission
        As the ledger has it afterwards.
    e2e_before : int, optional
        The end-to-end score that it replaced, in WAD.
    """
    return Verdict(
        submission_id=submission.id,
        challenge=submission.challenge,
        step=submission.step,
        contributor=submission.contributor,
        solution_cid=submission.solution_cid,
        status=submission.status,
        before=_text(submission.before_wad),
        after=_text(submission.score_wad),
        improvement=_text(submission.improvement_wad),
        e2e_before=_text(e2e_before),
        e2e_after=_text(submission.e2e_score_wad),
        reason=submission.reason,
        tx_hash=submission.tx_hash,
        executed=executed,
        reused=reused,
    )


def _text(wad: int | None) -> str | None:
    return None if wad is None else from_wad(wad)

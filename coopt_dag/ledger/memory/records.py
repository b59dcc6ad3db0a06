"""What became of submissions, and the heads (`Records.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.credit.gate import improvement_wad, is_record
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.hashing import step_key
from coopt_dag.ledger.memory.registry import require_step
from coopt_dag.ledger.memory.storage import NOBODY
from coopt_dag.ledger.memory.submissions import change, require_submission
from coopt_dag.ledger.memory.text import require_cid, require_reason
from coopt_dag.ledger.memory.votes import count_votes, require_judge
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.storage import Place, Submission
    from coopt_dag.ledger.memory.turn import Turn

MAX_SCORE = 2**127 - 1


def score(turn: Turn, action: ac.Score) -> None:
    """Record a score where one evaluator is the quorum."""
    _require_sole(turn, action.submission_id)
    require_score(action.score_wad)
    require_score(action.e2e_score_wad)
    require_cid(action.report_cid)
    record(
        *(turn, action.submission_id, action.score_wad),
        e2e_score_wad=action.e2e_score_wad,
        report_cid=action.report_cid,
    )


def reject(turn: Turn, action: ac.Reject) -> None:
    """Record that there is no score, where one evaluator is the quorum."""
    _require_sole(turn, action.submission_id)
    require_reason(action.reason)
    require_cid(action.report_cid)
    put_rejected(turn, action.submission_id, action.reason, action.report_cid)


def _require_sole(turn: Turn, number: int) -> None:
    challenge = require_submission(turn, number).place[0]
    require_judge(turn, challenge, turn.who)
    require_pending(turn, number)
    if turn.world.challenges[challenge].quorum != 1:
        raise refused("QuorumNeeded")
    require_judge(turn, challenge, turn.who, barred=barred_from(turn, number))


def rescore(turn: Turn, action: ac.Rescore) -> None:
    """Give a head the score that it has in a changed context, or by a new metric."""
    entry = require_step(turn, action.challenge, action.step)
    place = action.challenge, action.step
    if not entry.head_id:
        raise refused("NoHead")
    if require_submission(turn, action.because).place[0] != action.challenge:
        raise refused("UnknownSubmission")
    require_score(action.score_wad)
    signed = {
        "stepKey": step_key(*place),
        "headId": entry.head_id,
        "oldWad": entry.head_score,
        "scoreWad": action.score_wad,
        "because": action.because,
        "changes": entry.changes,
    }
    barred = barred_from(turn, entry.head_id)
    count = count_votes(turn, action.challenge, action.votes, barred, "Rescore", **signed)
    if count < turn.world.challenges[action.challenge].quorum:
        raise refused("QuorumNeeded")
    turn.world.steps[place] = replace(
        entry, head_score=action.score_wad, is_stale=False, changes=entry.changes + 1
    )
    turn.tell(
        ev.HeadRescored,
        challenge=action.challenge,
        step=action.step,
        old_wad=entry.head_score,
        new_wad=action.score_wad,
        because=action.because,
    )


def barred_from(turn: Turn, number: int) -> str:
    """Give who may not judge a submission: its author, but for the owner's own baseline."""
    entry = turn.world.submissions[number]
    is_baseline = (
        number == turn.world.steps[entry.place].first_id
        and entry.contributor == turn.world.challenges[entry.place[0]].owner
    )
    return NOBODY if is_baseline else entry.contributor


def require_score(value: int) -> None:
    """Insist on a number that has a negative."""
    if abs(value) > MAX_SCORE:
        raise refused("ScoreOutOfRange")


def require_pending(turn: Turn, number: int) -> Submission:
    """Give a submission that was revealed and waits for judgement."""
    entry = require_submission(turn, number)
    if entry.status == "committed":
        raise refused("UnknownSubmission")
    if entry.status != "pending":
        raise refused("AlreadyJudged")
    return entry


def put_rejected(turn: Turn, number: int, reason: str, report_cid: str) -> None:
    """Let a submission end without a score."""
    entry = turn.world.submissions[number]
    change(turn, number, status="rejected")
    challenge, step = entry.place
    turn.tell(
        ev.Rejected,
        challenge=challenge,
        step=step,
        submission_id=number,
        contributor=entry.contributor,
        reason=reason,
        report_cid=report_cid,
    )


def record(turn: Turn, number: int, score_wad: int, *, e2e_score_wad: int, report_cid: str) -> None:
    """Give a submission its score; a record becomes the head, and remembers the one before."""
    entry = turn.world.submissions[number]
    head = turn.world.steps[entry.place]
    if head.head_id and head.is_stale:
        raise refused("HeadIsStale")
    before_wad = head.head_score if head.head_id else None
    gain, is_best = _compare(turn, entry.place, score_wad, before_wad)
    if is_best:
        turn.world.steps[entry.place] = replace(
            head, head_id=number, head_score=score_wad, is_stale=False
        )
        change(turn, number, word=pack(head.head_score, head.metric_version << 32 | head.head_id))
    dispute_s = turn.world.challenges[entry.place[0]].dispute_s
    status = "record" if is_best else "no_gain"
    change(turn, number, status=status, deadline=turn.now + dispute_s)
    challenge, step = entry.place
    turn.tell(
        ev.Scored,
        challenge=challenge,
        step=step,
        submission_id=number,
        contributor=entry.contributor,
        score_wad=score_wad,
        before_wad=before_wad,
        improvement_wad=gain,
        is_record=is_best,
        e2e_score_wad=e2e_score_wad,
        report_cid=report_cid,
    )


def _compare(turn: Turn, place: Place, after_wad: int, before_wad: int | None) -> tuple[int, bool]:
    rules = turn.world.steps[place]
    is_best = is_record(
        direction=rules.direction,
        before_wad=before_wad,
        after_wad=after_wad,
        min_delta_wad=rules.min_delta,
    )
    if before_wad is None:
        return 0, is_best
    gain = improvement_wad(direction=rules.direction, before_wad=before_wad, after_wad=after_wad)
    return gain, is_best


def pack(upper: int, lower: int) -> str:
    """Put two 128-bit numbers into a word, 64 hex digits.

    >>> pack(-1, 2)[:34]
    'ffffffffffffffffffffffffffffffff00'
    """
    return f"{upper % 2**128:032x}{lower % 2**128:032x}"


def unpack(word: str) -> tuple[int, int]:
    """Take the two signed numbers out of a word.

    >>> unpack(pack(-1, 2))
    (-1, 2)
    """
    upper, lower = bytes.fromhex(word[:32]), bytes.fromhex(word[32:])
    return int.from_bytes(upper, "big", signed=True), int.from_bytes(lower, "big", signed=True)

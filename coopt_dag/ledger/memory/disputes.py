"""A second look at records, and at submissions whose evaluators were apart (`Disputes.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.memory.records import record, unpack
from coopt_dag.ledger.memory.registry import majority_of
from coopt_dag.ledger.memory.storage import NOBODY, Dispute
from coopt_dag.ledger.memory.submissions import change, require_submission
from coopt_dag.ledger.memory.text import require_cid
from coopt_dag.ledger.memory.votes import count_votes
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.storage import Submission
    from coopt_dag.ledger.memory.turn import Turn

MIN_VOTE_S = 86_400


def dispute(turn: Turn, action: ac.Dispute) -> None:
    """Doubt a record within its window, against a bond."""
    number = action.submission_id
    entry = require_submission(turn, number)
    if entry.status != "record" or turn.now >= entry.deadline:
        raise refused("NotDisputable")
    require_cid(action.evidence_cid)
    challenge, step = entry.place
    bond_wei = turn.world.challenges[challenge].bond_wei
    if turn.value != bond_wei:
        raise refused("WrongValue")
    vote_by = contest(turn, number, disputer=turn.who, bond_wei=bond_wei)
    turn.tell(
        ev.Disputed,
        challenge=challenge,
        step=step,
        submission_id=number,
        bond_wei=bond_wei,
        vote_by=vote_by,
        evidence_cid=action.evidence_cid,
    )


def contest(turn: Turn, number: int, *, disputer: str, bond_wei: int) -> int:
    """Open a vote on a submission; give its last second."""
    challenge = turn.world.submissions[number].place[0]
    vote_by = turn.now + max(MIN_VOTE_S, turn.world.challenges[challenge].dispute_s)
    turn.world.disputes[number] = Dispute(disputer, bond_wei, vote_by)
    change(turn, number, status="contested")
    return vote_by


def decide(turn: Turn, action: ac.Decide) -> None:
    """Decide by votes of more than half of the evaluators, author and disputer apart."""
    number = action.submission_id
    entry, found = _require_contested(turn, number)
    if turn.now > found.vote_by:
        raise refused("VoteOver")
    require_cid(action.report_cid)
    _require_majority(turn, action, entry.contributor, found.disputer)
    bond_to = found.disputer if action.upheld else entry.contributor
    _close(turn, number, bond_to, upheld=action.upheld, report_cid=action.report_cid)
    is_spread = found.disputer == NOBODY
    if action.upheld:
        _strike(turn, number, is_unrecorded=is_spread)
        return
    if is_spread:
        score_wad, e2e_score_wad = unpack(entry.word)
        report_cid = action.report_cid
        record(turn, number, score_wad, e2e_score_wad=e2e_score_wad, report_cid=report_cid)
        change(turn, number, deadline=0)
    else:
        change(turn, number, status="record", deadline=0)


def lapse(turn: Turn, action: ac.Lapse) -> None:
    """End a vote that came to nothing: against an open spread, and for a disputed record."""
    number = action.submission_id
    _, found = _require_contested(turn, number)
    if turn.now <= found.vote_by:
        raise refused("VoteNotOver")
    is_spread = found.disputer == NOBODY
    _close(turn, number, found.disputer, upheld=is_spread, report_cid="")
    if is_spread:
        _strike(turn, number, is_unrecorded=True)
    else:
        change(turn, number, status="record", deadline=0)


def _require_contested(turn: Turn, number: int) -> tuple[Submission, Dispute]:
    entry = require_submission(turn, number)
    if entry.status != "contested":
        raise refused("NotContested")
    return entry, turn.world.disputes[number]


def _require_majority(turn: Turn, action: ac.Decide, author: str, disputer: str) -> None:
    challenge = turn.world.submissions[action.submission_id].place[0]
    count = count_votes(
        *(turn, challenge, action.votes, author, "Verdict"),
        submissionId=action.submission_id,
        upheld=action.upheld,
        reportCid=action.report_cid,
    )
    if disputer in {vote.evaluator for vote in action.votes}:
        raise refused("NotIndependent")
    if count < majority_of(turn, challenge, author, disputer):
        raise refused("QuorumNeeded")


def _close(turn: Turn, number: int, bond_to: str, *, upheld: bool, report_cid: str) -> None:
    bond_wei = turn.world.disputes.pop(number).bond_wei
    if bond_wei:
        turn.owe(bond_to, bond_wei)
    challenge, step = turn.world.submissions[number].place
    turn.tell(
        ev.DisputeDecided,
        challenge=challenge,
        step=step,
        submission_id=number,
        upheld=upheld,
        bond_to=bond_to,
        bond_wei=bond_wei,
        report_cid=report_cid,
    )


def _strike(turn: Turn, number: int, *, is_unrecorded: bool) -> None:
    change(turn, number, status="struck")
    place = turn.world.submissions[number].place
    was_head = not is_unrecorded and turn.world.steps[place].head_id == number
    if was_head:
        _step_back(turn, number)
    step = turn.world.steps[place]
    turn.tell(
        ev.Struck,
        challenge=place[0],
        step=place[1],
        submission_id=number,
        was_head=was_head,
        head_id=step.head_id,
        head_score_wad=step.head_score,
    )


def _step_back(turn: Turn, number: int) -> None:
    """Let the nearest record before a struck one that stands be the head."""
    place = turn.world.submissions[number].place
    before_wad, before_id, version = _before(turn, number)
    while before_id and turn.world.submissions[before_id].status == "struck":
        before_wad, before_id, version = _before(turn, before_id)
    step = turn.world.steps[place]
    turn.world.steps[place] = replace(
        step,
        head_id=before_id,
        head_score=before_wad,
        is_stale=before_id != 0 and version != step.metric_version,
    )


def _before(turn: Turn, number: int) -> tuple[int, int, int]:
    """Give score and number of what a record took the place of, and the metric's version then."""
    score_wad, link = unpack(turn.world.submissions[number].word)
    return score_wad, link % 2**32, link >> 32

"""Commitments and reveals of solutions (`Submissions.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.hashing import commitment_of
from coopt_dag.ledger.memory.claims import lease_of
from coopt_dag.ledger.memory.registry import require_step
from coopt_dag.ledger.memory.storage import ZERO_WORD, Submission
from coopt_dag.ledger.memory.text import require_cid
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.storage import Place, Step
    from coopt_dag.ledger.memory.turn import Turn

MAX_PARENTS = 64


def commit(turn: Turn, action: ac.Commit) -> None:
    """Promise a solution; the owner's first of a step, its baseline, needs no lease and no slot."""
    entry = require_step(turn, action.challenge, action.step)
    if action.commitment == ZERO_WORD:
        raise refused("BadCommitment")
    place = action.challenge, action.step
    rules = turn.world.challenges[action.challenge]
    if entry.first_id or rules.owner != turn.who:
        _use_lease(turn, place, entry)
        _use_slot(turn, place)
    number = len(turn.world.submissions) + 1
    if not entry.first_id:
        turn.world.steps[place] = replace(entry, first_id=number)
    reveal_by = turn.now + rules.reveal_s
    turn.world.submissions[number] = Submission(place, turn.who, reveal_by, action.commitment)
    turn.tell(
        ev.Committed,
        challenge=action.challenge,
        step=action.step,
        submission_id=number,
        commitment=action.commitment,
        reveal_by=reveal_by,
    )


def _use_lease(turn: Turn, place: Place, entry: Step) -> None:
    lease = lease_of(turn, place, turn.who)
    if lease.until <= turn.now:
        raise refused("NoLiveClaim")
    if entry.claim_cap:
        turn.world.leases[place, turn.who] = replace(lease, delivered=True)


def _use_slot(turn: Turn, place: Place) -> None:
    rules = turn.world.challenges[place[0]]
    is_late = rules.closes_at != 0 and turn.now >= rules.closes_at
    if is_late or (place[0], rules.epoch) in turn.world.unsealed:
        raise refused("SubmissionsClosed")
    if rules.slots == 0:
        return
    key = place, rules.epoch, turn.who
    used = turn.world.used.get(key, 0)
    if used >= rules.slots:
        raise refused("NoSlotLeft")
    turn.world.used[key] = used + 1


def reveal(turn: Turn, action: ac.Reveal) -> None:
    """Show what was committed to."""
    entry = require_submission(turn, action.submission_id)
    if entry.contributor != turn.who:
        raise refused("NotContributor")
    if entry.status != "committed":
        raise refused("AlreadyRevealed")
    if turn.now > entry.deadline:
        raise refused("RevealTooLate")
    shown = commitment_of(entry.place, turn.who, action.solution_cid, action.parents, action.salt)
    if entry.word != shown:
        raise refused("BadOpening")
    require_cid(action.solution_cid)
    _require_parents(turn, action)
    change(turn, action.submission_id, status="pending")
    challenge, step = entry.place
    turn.tell(
        ev.Submitted,
        challenge=challenge,
        step=step,
        submission_id=action.submission_id,
        solution_cid=action.solution_cid,
        parents=action.parents,
    )


def _require_parents(turn: Turn, action: ac.Reveal) -> None:
    submissions = turn.world.submissions
    challenge = submissions[action.submission_id].place[0]
    if len(action.parents) > MAX_PARENTS:
        raise refused("TooManyParents")
    previous = 0
    for parent in action.parents:
        if parent <= previous:
            raise refused("ParentsNotRising")
        previous = parent
        entry = submissions.get(parent)
        if parent == action.submission_id or entry is None or entry.status == "committed":
            raise refused("UnknownParent")
        if entry.place[0] != challenge:
            raise refused("UnknownParent")


def require_submission(turn: Turn, number: int) -> Submission:
    """Give a submission that was committed to."""
    entry = turn.world.submissions.get(number)
    if entry is None:
        raise refused("UnknownSubmission")
    return entry


def change(turn: Turn, number: int, **fields: object) -> None:
    """Put other values into a submission."""
    turn.world.submissions[number] = replace(turn.world.submissions[number], **fields)  # type: ignore[arg-type]  # mypy knows no names behind **

"""What people say (`CooptNotes.sol`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.memory.storage import ZERO_WORD
from coopt_dag.ledger.memory.submissions import require_submission
from coopt_dag.ledger.memory.text import require_cid, require_revision
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.storage import Place
    from coopt_dag.ledger.memory.turn import Turn


def anchor(turn: Turn, action: ac.Anchor) -> None:
    """Say which root of artifacts a revision has."""
    _require_challenge(turn, action.challenge)
    require_revision(action.revision)
    require_cid(action.root_cid)
    turn.tell(
        ev.Anchored,
        challenge=action.challenge,
        revision=action.revision,
        root_cid=action.root_cid,
    )


def anchor_batch(turn: Turn, action: ac.AnchorBatch) -> None:
    """Say many small contributions at once."""
    _require_challenge(turn, action.challenge)
    require_cid(action.batch_cid)
    if action.root == ZERO_WORD or action.count == 0:
        raise refused("BadRoot")
    key = action.challenge, action.root, turn.who
    if key in turn.world.batches:
        raise refused("BatchExists")
    turn.world.batches[key] = turn.now
    turn.tell(
        ev.BatchAnchored,
        challenge=action.challenge,
        root=action.root,
        count=action.count,
        batch_cid=action.batch_cid,
    )


def review(turn: Turn, action: ac.Review) -> None:
    """Say what one found in another's submission."""
    challenge, step = _require_others(turn, action.submission_id)
    require_cid(action.review_cid)
    turn.tell(
        ev.Reviewed,
        challenge=challenge,
        step=step,
        submission_id=action.submission_id,
        opinion=action.opinion,
        review_cid=action.review_cid,
    )


def endorse(turn: Turn, action: ac.Endorse) -> None:
    """Stand behind another's submission, once."""
    challenge, step = _require_others(turn, action.submission_id)
    key = action.submission_id, turn.who
    if key in turn.world.endorsed:
        raise refused("AlreadyEndorsed")
    turn.world.endorsed[key] = True
    turn.tell(ev.Endorsed, challenge=challenge, step=step, submission_id=action.submission_id)


def _require_challenge(turn: Turn, challenge: str) -> None:
    if challenge not in turn.world.challenges:
        raise refused("UnknownChallenge")


def _require_others(turn: Turn, number: int) -> Place:
    entry = require_submission(turn, number)
    if entry.status == "committed":
        raise refused("UnknownSubmission")
    if entry.contributor == turn.who:
        raise refused("OwnWork")
    return entry.place

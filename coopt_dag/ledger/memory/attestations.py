"""A quorum of evaluators who commit before any opens (`Attestations.sol`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.hashing import chain_word, opening_hash
from coopt_dag.ledger.memory.disputes import contest
from coopt_dag.ledger.memory.records import (
    barred_from,
    pack,
    put_rejected,
    record,
    require_pending,
    require_score,
)
from coopt_dag.ledger.memory.storage import NOBODY
from coopt_dag.ledger.memory.submissions import change
from coopt_dag.ledger.memory.text import require_cid, require_reason
from coopt_dag.ledger.memory.votes import require_judge, require_signature
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.storage import Submission
    from coopt_dag.ledger.memory.turn import Turn

_ENDLESS = 2**256 - 1


def commit_scores(turn: Turn, action: ac.CommitScores) -> None:
    """Take evaluators' commitments, up to the quorum."""
    number = action.submission_id
    entry = require_pending(turn, number)
    challenge, step = entry.place
    rules = turn.world.challenges[challenge]
    mask = _committed(turn, entry)
    count = mask.bit_count() + len(action.commitments)
    if count > rules.quorum:
        raise refused("QuorumComplete")
    if not action.commitments:
        raise refused("BadBatch")
    if mask == 0:
        metric = turn.world.steps[entry.place].metric_version % 256
        change(turn, number, metric=metric, revealed=0)
    for given in action.commitments:
        mask |= _admit(turn, number, given, mask)
    links = [(c.evaluator, c.commitment) for c in action.commitments]
    change(turn, number, word=chain_word(entry.word, links), committed=mask)
    reveal_by = 0
    if count == rules.quorum:
        reveal_by = turn.now + rules.reveal_s
        change(turn, number, deadline=reveal_by)
    turn.tell(
        ev.ScoresCommitted,
        challenge=challenge,
        step=step,
        submission_id=number,
        base=entry.word,
        evaluators=tuple(c.evaluator for c in action.commitments),
        commitments=tuple(c.commitment for c in action.commitments),
        reveal_by=reveal_by,
    )


def _admit(turn: Turn, number: int, given: ac.ScoreCommitment, mask: int) -> int:
    entry = turn.world.submissions[number]
    require_judge(turn, entry.place[0], given.evaluator, barred=barred_from(turn, number))
    bit = _bit_of(turn, entry, given.evaluator)
    if mask & bit:
        raise refused("AlreadyCommitted")
    if entry.withheld & bit:
        raise refused("ShutOut")
    require_signature(
        *(turn, given.evaluator, given.signature, "ScoreCommitment"),
        submissionId=number,
        metricVersion=turn.world.steps[entry.place].metric_version,
        evaluator=given.evaluator,
        commitment=bytes.fromhex(given.commitment),
    )
    return bit


def reveal_scores(turn: Turn, action: ac.RevealScores) -> None:
    """Open all commitments of a complete quorum, in their order."""
    number = action.submission_id
    entry = _require_complete(turn, number)
    links = [(o.evaluator, opening_hash(number, o)) for o in action.openings]
    if len(links) != entry.committed.bit_count() or chain_word(action.base, links) != entry.word:
        raise refused("WrongOpenings")
    challenge, step = entry.place
    for opening in action.openings:
        turn.tell(
            ev.Attested,
            challenge=challenge,
            step=step,
            submission_id=number,
            evaluator=opening.evaluator,
            score_wad=opening.score_wad,
            e2e_score_wad=opening.e2e_score_wad,
            reason=opening.reason,
            report_cid=opening.report_cid,
        )
    _judge(turn, number, action.openings)


def publish_opening(turn: Turn, action: ac.PublishOpening) -> None:
    """Show one opening, so that nobody can say it was withheld."""
    number, shown = action.submission_id, action.opening
    entry = _require_complete(turn, number)
    if len(action.commitments) != entry.committed.bit_count():
        raise refused("WrongOpenings")
    _require_opening(shown)
    links = [(c.evaluator, c.commitment) for c in action.commitments]
    is_there = (shown.evaluator, opening_hash(number, shown)) in links
    if not is_there or chain_word(action.base, links) != entry.word:
        raise refused("WrongOpenings")
    bit = _bit_of(turn, entry, shown.evaluator)
    if entry.revealed & bit:
        raise refused("AlreadyRevealed")
    change(turn, number, revealed=entry.revealed | bit)
    challenge, step = entry.place
    turn.tell(
        ev.OpeningPublished,
        challenge=challenge,
        step=step,
        submission_id=number,
        evaluator=shown.evaluator,
        score_wad=shown.score_wad,
        e2e_score_wad=shown.e2e_score_wad,
        reason=shown.reason,
        report_cid=shown.report_cid,
        salt=shown.salt,
    )


def expire_round(turn: Turn, action: ac.ExpireRound) -> None:
    """End a round whose openings did not come; who showed none is shut out."""
    number = action.submission_id
    entry = _require_complete(turn, number)
    withheld = entry.committed & ~entry.revealed
    if turn.now <= entry.deadline or not withheld:
        raise refused("RoundNotOver")
    change(turn, number, withheld=entry.withheld | withheld, committed=0, revealed=0)
    challenge, step = entry.place
    turn.tell(
        ev.RoundExpired, challenge=challenge, step=step, submission_id=number, withheld=withheld
    )


def _require_complete(turn: Turn, number: int) -> Submission:
    entry = require_pending(turn, number)
    if _committed(turn, entry).bit_count() < turn.world.challenges[entry.place[0]].quorum:
        raise refused("QuorumIncomplete")
    return entry


def _committed(turn: Turn, entry: Submission) -> int:
    """Give the mask of commitments to scores by today's metric; others count for nothing."""
    version = turn.world.steps[entry.place].metric_version
    return entry.committed if entry.metric == version % 256 else 0


def _require_opening(opening: ac.Opening) -> None:
    require_score(opening.score_wad)
    require_score(opening.e2e_score_wad)
    require_cid(opening.report_cid)
    if opening.reason:
        require_reason(opening.reason)


def _judge(turn: Turn, number: int, openings: Sequence[ac.Opening]) -> None:
    for opening in openings:
        _require_opening(opening)
    place = turn.world.submissions[number].place
    rules = turn.world.steps[place]
    chosen, spread = agree(openings, direction=rules.direction)
    scores = chosen.score_wad, chosen.e2e_score_wad
    if chosen.reason:
        put_rejected(turn, number, chosen.reason, chosen.report_cid)
    elif spread <= rules.tolerance:
        record(turn, number, scores[0], e2e_score_wad=scores[1], report_cid=chosen.report_cid)
    else:
        change(turn, number, word=pack(*scores))
        vote_by = contest(turn, number, disputer=NOBODY, bond_wei=0)
        turn.tell(
            ev.SpreadFound,
            challenge=place[0],
            step=place[1],
            submission_id=number,
            score_wad=scores[0],
            e2e_score_wad=scores[1],
            spread_wad=spread,
            vote_by=vote_by,
        )


def agree(openings: Sequence[ac.Opening], *, direction: str) -> tuple[ac.Opening, int]:
    """Give the lower median by merit, and the distance of the best from the worst.

    A refusal is worse than any score; of equal ones, that which stands first comes first.
    """
    worst_of_all = -(2**255)
    merits = [
        worst_of_all
        if opening.reason
        else -opening.score_wad
        if direction == "minimise"
        else opening.score_wad
        for opening in openings
    ]
    rising = sorted(range(len(merits)), key=lambda i: (merits[i], i))
    chosen = openings[rising[(len(merits) - 1) // 2]]
    worst, best = min(merits), max(merits)
    return chosen, _ENDLESS if worst == worst_of_all else best - worst


def _bit_of(turn: Turn, entry: Submission, who: str) -> int:
    found = turn.world.evaluators[entry.place[0]].get(who)
    return 0 if found is None else found.bit

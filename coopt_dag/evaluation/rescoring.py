"""Heads whose score is not what it should be any more: scored anew, alone or by a quorum's votes.

A head is stale once another version of its step's metric is in force: nothing can be compared with
it before it is scored by that metric. New scores are worth no credit, and nothing paid is taken
back. Whoever is cut short begins again: the ledger tells what is left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.evaluation import votes
from coopt_dag.evaluation.pipeline import score_pipeline
from coopt_dag.evaluation.published import in_force
from coopt_dag.ledger.actions import Rescore, Vote
from coopt_dag.ledger.hashing import step_key
from coopt_dag.ledger.refusals import refused
from coopt_dag.ledger.typed import message
from coopt_dag.model.wad import to_wad
from coopt_dag.specs.challenge import load_challenge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.state import LedgerState


def stale_steps(state: LedgerState, challenge: str | None = None) -> list[tuple[str, str]]:
    """Give the steps whose head was scored by an older metric, of one challenge or of all."""
    return [
        place
        for place, rules in state.steps.items()
        if rules.is_stale and challenge in {None, place[0]}
    ]


def require_fresh(state: LedgerState, challenge: str, step: str) -> None:
    """Insist on a head that submissions can be compared with.

    Raises
    ------
    LedgerRefusedError
        It was scored by an older metric.
    """
    if state.steps[challenge, step].is_stale:
        raise refused("HeadIsStale")


def may_rescore(desk: Desk, state: LedgerState, step: tuple[str, str]) -> bool:
    """Tell whether a head is not the desk's own; who opened the challenge judges its baselines."""
    head = state.heads[step]
    own = head.contributor == desk.identity.address
    return not own or state.submissions[head.submission_id].is_baseline


def rescore_stale(
    desk: Desk,
    challenge: str,
    *,
    cores: int,
    tell: Callable[[str], None],
    data: Path | None = None,
) -> list[str]:
    """Score the stale heads of a challenge by the metrics in force; give the steps that are fresh.

    All run in one record pipeline. What ran before does not run again, and neither does a head for
    which this evaluator has laid down a vote: then its vote is only counted.

    Parameters
    ----------
    data : Path, optional
        Folder that stands for the workspace's `data/`, where sealed data were opened.

    Raises
    ------
    CooptError
        A head has no score by the metric in force, or infrastructure failed: it stays stale.
    """
    state = desk.state()
    steps = [p for p in stale_steps(state, challenge) if may_rescore(desk, state, p)]
    known = {step: _own_vote(desk, state, challenge, step) for _, step in steps}
    if None in known.values():
        loaded = in_force(desk, state, load_challenge(desk.workspace, challenge))
        scores = score_pipeline(
            desk.workspace,
            loaded,
            desk.record_pipeline(loaded, state),
            splits=(loaded.spec.end_to_end.record_split,),
            cores=cores,
            data=data,
        )
        known |= {step: to_wad(scores.value(step)) for step, own in known.items() if own is None}
    return [
        step
        for step, now in known.items()
        if now is not None and _tell_fresh(desk, challenge, step, now, tell)
    ]


def _tell_fresh(
    desk: Desk, challenge: str, step: str, now: int, tell: Callable[[str], None]
) -> bool:
    """Tell the ledger; if others were faster, that is as good."""
    state = desk.state()
    head = state.heads[challenge, step]
    try:
        told = rescore(desk, state, (challenge, step), now, because=head.submission_id, tell=tell)
    except LedgerRefusedError:
        if desk.state().steps[challenge, step].is_stale:
            raise
        return True
    if told:
        tell(f"  {challenge}/{step}: the record was scored anew by the metric in force")
    return told


def rescore(
    desk: Desk,
    state: LedgerState,
    place: tuple[str, str],
    now: int,
    *,
    because: int,
    tell: Callable[[str], None],
) -> bool:
    """Give a head its new score, alone or with a quorum's votes; a missing vote stops nothing.

    Parameters
    ----------
    now : int
        The score in WAD.
    because : int
        Submission that changed it; the head itself where the metric changed.

    Returns
    -------
    bool
        Whether the ledger was told.
    """
    quorum, rules = state.challenges[place[0]].quorum, state.steps[place]
    if not may_rescore(desk, state, place):
        return False
    if quorum == 1:
        desk.send(Rescore(*place, now, because, (Vote(desk.identity.address),)))
        return True
    if not rules.is_stale and abs(state.heads[place].score_wad - now) <= rules.tolerance_wad:
        return False
    words = _words(desk, state, place, now, because=because)
    words = votes.nearest(desk, words, field="scoreWad", within=rules.tolerance_wad)
    given = votes.cast(desk, words)
    if len(given) < quorum:
        tell(f"  {place[1]}: {len(given)} of {quorum} votes for another score of its record")
        return False
    desk.send(Rescore(*place, words["message"]["scoreWad"], because, given))
    return True


def _words(
    desk: Desk, state: LedgerState, place: tuple[str, str], now: int, *, because: int
) -> dict[str, Any]:
    head = state.heads[place]
    return message(
        desk.ledger.domain(),
        "Rescore",
        stepKey=step_key(*place),
        headId=head.submission_id,
        oldWad=head.score_wad,
        scoreWad=now,
        because=because,
        changes=state.steps[place].changes,
    )


def _own_vote(desk: Desk, state: LedgerState, challenge: str, step: str) -> int | None:
    """Give the score that this evaluator voted for; None if it did not, or needs no votes."""
    if state.challenges[challenge].quorum == 1:
        return None
    place = challenge, step
    because = state.heads[place].submission_id
    words = _words(desk, state, place, 0, because=because)
    return votes.own_number(desk, words, field="scoreWad")

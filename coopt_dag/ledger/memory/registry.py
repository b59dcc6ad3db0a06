"""Challenges, evaluators and steps (`Registry.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.memory.storage import FOREVER, NOBODY, Challenge, Evaluator, Step
from coopt_dag.ledger.memory.text import require_cid, require_name
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.turn import Turn

MAX_EVALUATORS = 16
MIN_REVEAL_S = 60
MAX_WINDOW_S = 30 * 86_400
NOTICE_S = 7 * 86_400


def register_challenge(turn: Turn, action: ac.RegisterChallenge) -> None:
    """Open a challenge; the caller becomes its owner."""
    turn.require_open()
    require_name(action.challenge)
    require_cid(action.manifest_cid)
    if action.challenge in turn.world.challenges:
        raise refused("ChallengeExists")
    _require_rules(action)
    rules = {
        "closes_at": action.closes_at,
        "quorum": action.quorum,
        "slots": action.slots,
        "reveal_s": action.reveal_s,
        "dispute_s": action.dispute_s,
        "bond_wei": action.bond_wei,
        "pot": action.pot,
    }
    turn.world.challenges[action.challenge] = Challenge(owner=turn.who, **rules)
    turn.world.evaluators[action.challenge] = {}
    for evaluator in action.evaluators:
        _name_evaluator(turn, action.challenge, evaluator, since=0)
    turn.tell(
        ev.ChallengeRegistered,
        challenge=action.challenge,
        manifest_cid=action.manifest_cid,
        evaluators=action.evaluators,
        **rules,
    )


def _require_rules(action: ac.RegisterChallenge) -> None:
    if not action.evaluators:
        raise refused("NoEvaluators")
    if not 1 <= action.quorum <= len(action.evaluators):
        raise refused("BadQuorum")
    if not MIN_REVEAL_S <= action.reveal_s <= MAX_WINDOW_S:
        raise refused("BadWindow")
    if action.dispute_s > MAX_WINDOW_S:
        raise refused("BadWindow")


def _name_evaluator(turn: Turn, challenge: str, who: str, *, since: int) -> None:
    named = turn.world.evaluators[challenge]
    if who == NOBODY or who in named:
        raise refused("BadEvaluator")
    if len(named) == MAX_EVALUATORS:
        raise refused("TooManyEvaluators")
    turn.world.evaluators[challenge] = {**named, who: Evaluator(len(named) + 1, since)}


def add_evaluator(turn: Turn, action: ac.AddEvaluator) -> None:
    """Name another evaluator, after the notice."""
    require_owner(turn, action.challenge)
    since = turn.now + NOTICE_S
    _name_evaluator(turn, action.challenge, action.evaluator, since=since)
    turn.tell(
        ev.EvaluatorAdded, challenge=action.challenge, evaluator=action.evaluator, since=since
    )


def retire_evaluator(turn: Turn, action: ac.RetireEvaluator) -> None:
    """Let an evaluator go, after the notice."""
    require_owner(turn, action.challenge)
    named = turn.world.evaluators[action.challenge]
    found = named.get(action.evaluator)
    if found is None or found.until != FOREVER:
        raise refused("BadEvaluator")
    until = turn.now + NOTICE_S
    turn.world.evaluators[action.challenge] = {
        **named,
        action.evaluator: replace(found, until=until),
    }
    turn.tell(
        ev.EvaluatorRetired, challenge=action.challenge, evaluator=action.evaluator, until=until
    )


def register_step(turn: Turn, action: ac.RegisterStep) -> None:
    """Add a step."""
    turn.require_open()
    require_owner(turn, action.challenge)
    require_name(action.step)
    require_cid(action.spec_cid)
    place = action.challenge, action.step
    if place in turn.world.steps:
        raise refused("StepExists")
    turn.world.steps[place] = Step(
        direction=action.direction,
        min_delta=action.min_delta_wad,
        tolerance=action.tolerance_wad,
        claim_cap=action.claim_cap,
    )
    turn.tell(
        ev.StepRegistered,
        challenge=action.challenge,
        step=action.step,
        spec_cid=action.spec_cid,
        direction=action.direction,
        min_delta_wad=action.min_delta_wad,
        tolerance_wad=action.tolerance_wad,
        claim_cap=action.claim_cap,
    )


def require_step(turn: Turn, challenge: str, step: str) -> Step:
    """Give a step that is there."""
    entry = turn.world.steps.get((challenge, step))
    if entry is None:
        raise refused("UnknownStep")
    return entry


def require_owner(turn: Turn, challenge: str) -> Challenge:
    """Give a challenge that the caller owns."""
    entry = turn.world.challenges.get(challenge)
    if entry is None:
        raise refused("UnknownChallenge")
    if entry.owner != turn.who:
        raise refused("NotOwner")
    return entry


def is_evaluator(turn: Turn, challenge: str, who: str) -> bool:
    """Tell whether an account may judge now."""
    found = turn.world.evaluators.get(challenge, {}).get(who)
    return found is not None and found.since <= turn.now < found.until


def majority_of(turn: Turn, challenge: str, *barred: str) -> int:
    """Give the votes that are more than half of the evaluators who may judge, but for some."""
    named = turn.world.evaluators.get(challenge, {})
    live = [who for who in named if who not in barred and is_evaluator(turn, challenge, who)]
    return len(live) // 2 + 1


def is_epoch_over(turn: Turn, challenge: str, epoch: int) -> bool:
    """Tell whether nothing more can be submitted in an epoch."""
    entry = turn.world.challenges[challenge]
    if epoch > entry.epoch:
        return False
    if epoch < entry.epoch or (challenge, epoch) in turn.world.unsealed:
        return True
    return entry.closes_at != 0 and turn.now >= entry.closes_at

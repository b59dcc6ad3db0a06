"""What else an owner does: hidden data (`Seals.sol`) and versions of metrics (`Metrics.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.memory.registry import require_owner, require_step
from coopt_dag.ledger.memory.storage import ZERO_WORD, Proposal
from coopt_dag.ledger.memory.text import require_cid
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.turn import Turn


def seal(turn: Turn, action: ac.Seal) -> None:
    """Commit to hidden data: another epoch."""
    entry = require_owner(turn, action.challenge)
    if action.root == ZERO_WORD:
        raise refused("BadRoot")
    require_cid(action.sealed_cid)
    epoch = entry.epoch + 1
    turn.world.challenges[action.challenge] = replace(entry, epoch=epoch)
    turn.tell(
        ev.Sealed,
        challenge=action.challenge,
        epoch=epoch,
        root=action.root,
        sealed_cid=action.sealed_cid,
    )


def unseal(turn: Turn, action: ac.Unseal) -> None:
    """Reveal the keys of an epoch, once."""
    entry = require_owner(turn, action.challenge)
    if not 1 <= action.epoch <= entry.epoch:
        raise refused("UnknownEpoch")
    if (action.challenge, action.epoch) in turn.world.unsealed:
        raise refused("AlreadyUnsealed")
    require_cid(action.keys_cid)
    turn.world.unsealed[action.challenge, action.epoch] = True
    turn.tell(ev.Unsealed, challenge=action.challenge, epoch=action.epoch, keys_cid=action.keys_cid)


def propose_metric(turn: Turn, action: ac.ProposeMetric) -> None:
    """Announce a metric's next version, in place of one that was not activated."""
    epoch = require_owner(turn, action.challenge).epoch
    require_step(turn, action.challenge, action.step)
    require_cid(action.spec_cid)
    turn.world.proposals[action.challenge, action.step] = Proposal(
        action.direction, action.min_delta_wad, action.tolerance_wad, epoch
    )
    turn.tell(
        ev.MetricProposed,
        challenge=action.challenge,
        step=action.step,
        spec_cid=action.spec_cid,
        direction=action.direction,
        min_delta_wad=action.min_delta_wad,
        tolerance_wad=action.tolerance_wad,
        epoch=epoch,
    )


def activate_metric(turn: Turn, action: ac.ActivateMetric) -> None:
    """Put the announced version in force, in a later epoch than that of its notice."""
    epoch = require_owner(turn, action.challenge).epoch
    entry = require_step(turn, action.challenge, action.step)
    place = action.challenge, action.step
    if place not in turn.world.proposals:
        raise refused("NoProposal")
    if epoch <= turn.world.proposals[place].epoch:
        raise refused("NotYet")
    following = turn.world.proposals.pop(place)
    version = entry.metric_version + 1
    turn.world.steps[place] = replace(
        entry,
        direction=following.direction,
        min_delta=following.min_delta,
        tolerance=following.tolerance,
        metric_version=version,
        changes=entry.changes + 1,
        is_stale=entry.head_id != 0,
    )
    turn.tell(
        ev.MetricActivated, challenge=action.challenge, step=action.step, metric_version=version
    )

"""Leases on steps (`Claims.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.memory.registry import require_step
from coopt_dag.ledger.memory.storage import Lease
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.storage import Place
    from coopt_dag.ledger.memory.turn import Turn

MIN_LEASE_S = 60
MAX_LEASE_S = 30 * 86_400


def claim(turn: Turn, action: ac.Claim) -> None:
    """Lease a step, or renew the lease one holds."""
    entry = require_step(turn, action.challenge, action.step)
    if not MIN_LEASE_S <= action.duration_s <= MAX_LEASE_S:
        raise refused("BadDuration")
    place = action.challenge, action.step
    lease = lease_of(turn, place, turn.who)
    until = turn.now + action.duration_s
    is_new = lease.until <= turn.now
    if entry.claim_cap and is_new:
        _take_slot(turn, place, entry.claim_cap)
    elif entry.claim_cap and not lease.delivered and until > lease.since + MAX_LEASE_S:
        raise refused("HeldTooLong")
    if is_new or lease.delivered:  # a delivery counts until the next renewal
        lease = Lease(since=turn.now)
    turn.world.leases[place, turn.who] = replace(lease, until=until)
    turn.tell(ev.Claimed, challenge=action.challenge, step=action.step, expires_at=until)


def release(turn: Turn, action: ac.Release) -> None:
    """Give a live lease back."""
    require_step(turn, action.challenge, action.step)
    place = action.challenge, action.step
    lease = lease_of(turn, place, turn.who)
    if lease.until <= turn.now:
        raise refused("NoLiveClaim")
    turn.world.leases[place, turn.who] = replace(lease, until=turn.now)
    turn.tell(ev.Released, challenge=action.challenge, step=action.step)


def lease_of(turn: Turn, place: Place, who: str) -> Lease:
    """Give a holder's last lease; all zero if there was none."""
    return turn.world.leases.get((place, who), Lease())


def _take_slot(turn: Turn, place: Place, cap: int) -> None:
    last = lease_of(turn, place, turn.who)
    if not last.delivered and turn.now < 2 * last.until - last.since:
        raise refused("CoolingDown")
    live = tuple(
        who
        for who in turn.world.holders.get(place, ())
        if lease_of(turn, place, who).until > turn.now
    )
    if len(live) >= cap:
        raise refused("ClaimsFull")
    turn.world.holders[place] = (*live, turn.who)

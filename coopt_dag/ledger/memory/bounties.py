"""Coin that sponsors put up (`Bounties.sol`), and coin that is owed (`Bonds.sol`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.memory.storage import NOBODY, ZERO_WORD, Bounty, Root
from coopt_dag.ledger.memory.text import require_cid, require_name
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.turn import Turn

_LAST_SECOND = 2**40 - 1


def fund(turn: Turn, action: ac.Fund) -> None:
    """Put up coin; memory knows no tokens."""
    turn.require_open()
    if action.challenge not in turn.world.challenges:
        raise refused("UnknownChallenge")
    if action.step:
        require_name(action.step)
    require_cid(action.terms_cid)
    if not turn.now < action.deadline <= _LAST_SECOND:
        raise refused("BadDeadline")
    if action.payee == turn.domain.contract:
        raise refused("BadPayee")
    if action.payee == NOBODY and root_of(turn, action.challenge, action.epoch).root != ZERO_WORD:
        raise refused("AlreadySettled")
    _require_arrival(turn, action)
    number = len(turn.world.bounties) + 1
    turn.world.bounties[number] = Bounty(
        challenge=action.challenge,
        sponsor=turn.who,
        deadline=action.deadline,
        epoch=action.epoch,
        asset=action.asset,
        left=action.amount,
        payee=action.payee,
    )
    turn.tell(
        ev.Funded,
        challenge=action.challenge,
        step=action.step,
        bounty_id=number,
        epoch=action.epoch,
        asset=action.asset,
        amount=action.amount,
        payee=action.payee,
        deadline=action.deadline,
        terms_cid=action.terms_cid,
    )


def _require_arrival(turn: Turn, action: ac.Fund) -> None:
    if action.asset == COIN:
        if action.amount == 0 or turn.value != action.amount:
            raise refused("WrongValue")
        return
    if turn.value != 0 or action.amount == 0:
        raise refused("BadAmount")
    raise refused("BadAsset")


def refund(turn: Turn, action: ac.Refund) -> None:
    """Send a sponsor what is free of its bounty; anybody may ask."""
    entry = require_bounty(turn, action.bounty_id)
    kept = _set_aside(turn, entry)
    if kept == entry.left:
        raise refused("NotRefundable")
    turn.world.bounties[action.bounty_id] = replace(entry, left=kept)
    turn.tell(
        ev.Refunded,
        challenge=entry.challenge,
        bounty_id=action.bounty_id,
        sponsor=entry.sponsor,
        amount=entry.left - kept,
    )
    turn.pay(entry.sponsor, entry.left - kept)


def _set_aside(turn: Turn, entry: Bounty) -> int:
    root = root_of(turn, entry.challenge, entry.epoch)
    if entry.round != 0 and entry.round == root.round and root.root != ZERO_WORD:
        is_final = not root.is_contested and turn.now >= root.final_at
        return entry.share if is_final else entry.left
    return entry.left if turn.now < entry.deadline else 0


def release_grant(turn: Turn, action: ac.ReleaseGrant) -> None:
    """Pay a mini-grant to its payee; only the sponsor may."""
    entry = require_bounty(turn, action.bounty_id)
    if entry.sponsor != turn.who:
        raise refused("NotSponsor")
    if entry.payee == NOBODY or entry.left == 0:
        raise refused("NotReleasable")
    turn.world.bounties[action.bounty_id] = replace(entry, left=0)
    turn.tell(
        ev.GrantReleased,
        challenge=entry.challenge,
        bounty_id=action.bounty_id,
        payee=entry.payee,
        amount=entry.left,
    )
    turn.pay(entry.payee, entry.left)


def withdraw(turn: Turn, action: ac.Withdraw) -> None:  # noqa: ARG001  # the turn says it all
    """Fetch the coin that the called contract owes to the caller."""
    amount = turn.world.owed.pop((turn.home, turn.who), 0)
    if amount == 0:
        raise refused("NothingOwed")
    turn.tell(ev.Withdrawn, amount_wei=amount)
    turn.pay(turn.who, amount)


def require_bounty(turn: Turn, number: int) -> Bounty:
    """Give a bounty that is there."""
    entry = turn.world.bounties.get(number)
    if entry is None:
        raise refused("UnknownBounty")
    return entry


def root_of(turn: Turn, challenge: str, epoch: int) -> Root:
    """Give an epoch's settlement; all zero if there was none."""
    return turn.world.roots.get((challenge, epoch), Root())

"""Bounties: what sponsors put up for a challenge, a step or one person's task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from coopt_dag.errors import LedgerRefusedError, UnknownNameError, UsageError
from coopt_dag.evaluation.coin import require_coin
from coopt_dag.ledger.actions import Fund, Refund, ReleaseGrant
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.events import Funded
from coopt_dag.model.moment import from_seconds

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt, Signer
    from coopt_dag.ledger.state import BountyEntry, LedgerState


@runtime_checkable
class TokenHolder(Protocol):
    """A ledger on a chain that has tokens."""

    def allow(self, token: str, amount: int, *, signer: Signer) -> str:
        """Let the treasury take so much of a token; give the transaction, empty if it may."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a sponsor offers; the asset is a token's address, or the chain's coin."""

    challenge: str
    step: str
    amount: int
    deadline: int
    terms_cid: str
    epoch: int | None = None
    """None = the present one."""
    payee: str = COIN
    asset: str = COIN


@dataclass(frozen=True, slots=True)
class Funding:
    """A bounty that was put up; its number is None where the offer was only signed."""

    bounty_id: int | None
    arrived: int
    epoch: int
    tx_hash: str


def bounty_of(state: LedgerState, number: int) -> BountyEntry:
    """Give a bounty, or say that there is none.

    Raises
    ------
    UnknownNameError
        No bounty has this number.
    """
    if number not in state.bounties:
        raise UnknownNameError(
            "bounty", str(number), map(str, state.bounties), hint="coopt bounty list"
        )
    return state.bounties[number]


def fund(desk: Desk, offer: Offer) -> Funding:
    """Put up a bounty; of a token, the treasury is first allowed to take the amount.

    Raises
    ------
    UnknownNameError
        The challenge or step is not on the ledger.
    """
    state = desk.state()
    _require_place(state, offer.challenge, offer.step)
    epoch = state.epoch(offer.challenge) if offer.epoch is None else offer.epoch
    if offer.asset == COIN:
        require_coin(desk, offer.amount)
    else:
        _allow(desk, offer)
    receipt = desk.send(
        Fund(
            challenge=offer.challenge,
            step=offer.step,
            epoch=epoch,
            asset=offer.asset,
            amount=offer.amount,
            payee=offer.payee,
            deadline=offer.deadline,
            terms_cid=offer.terms_cid,
        )
    )
    made = next((e for e in receipt.events if isinstance(e, Funded)), None)
    number, arrived = (None, 0) if made is None else (made.bounty_id, made.amount)
    return Funding(number, arrived, epoch, receipt.tx_hash)


def _require_place(state: LedgerState, challenge: str, step: str) -> None:
    if challenge not in state.challenges:
        raise UnknownNameError("challenge on the ledger", challenge, state.challenges)
    steps = [s for c, s in state.steps if c == challenge]
    if step and step not in steps:
        raise UnknownNameError("step", step, steps)


def _allow(desk: Desk, offer: Offer) -> None:
    if not isinstance(desk.ledger, TokenHolder):
        raise UsageError(
            "this ledger has no tokens",
            hint="leave --token out, or use a ledger on a chain",
        )
    desk.ledger.allow(offer.asset, offer.amount, signer=desk.identity)


def refund(desk: Desk, number: int) -> Receipt:
    """Send a sponsor what is free of its bounty; anybody may ask.

    Raises
    ------
    LedgerRefusedError
        Nothing is free; the message tells from when.
    """
    entry = bounty_of(desk.state(), number)
    try:
        return desk.send(Refund(number))
    except LedgerRefusedError as error:
        if error.code != "NotRefundable" or entry.left == 0:
            raise
        raise LedgerRefusedError(
            error.code,
            f"nothing of bounty {number} is free before {from_seconds(entry.deadline)}, "
            "or while a settlement that may pay it is not final",
            hint="coopt bounty list tells deadlines",
        ) from error


def release(desk: Desk, number: int) -> Receipt:
    """Pay a mini-grant to its payee; only its sponsor may."""
    bounty_of(desk.state(), number)
    return desk.send(ReleaseGrant(number))

"""Signed requests that anybody may bring (`Relayed.sol`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.refusals import UNNAMED, refused
from coopt_dag.ledger.typed import message, recover

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.turn import Turn

    Play = Callable[[Turn, bytes], None]
    """Takes a call's data under the rules."""


def relay(turn: Turn, action: ac.Relay, play: Play) -> None:
    """Take one request, which fails as the call itself would; or several, each for itself."""
    if len(action.requests) == 1:
        _relay_one(turn, action.requests[0], play)
        return
    for request in action.requests:
        before, count = turn.world.snapshot(), len(turn.told)
        try:
            _relay_one(turn, request, play)
        except LedgerRefusedError as refusal:
            turn.world.restore(before)
            del turn.told[count:]
            turn.tell(
                ev.Skipped,
                actor=request.sender,
                nonce=request.nonce,
                reason=selector_of(refusal.code),
            )


def _relay_one(turn: Turn, request: ac.SignedRequest, play: Play) -> None:
    if turn.now > request.deadline:
        raise refused("RequestExpired")
    spend(turn, request.sender, request.nonce)
    data = bytes.fromhex(request.data)
    typed = message(
        *(turn.domain, "Request"),
        from_=request.sender,
        nonce=request.nonce,
        deadline=request.deadline,
        data=data,
    )
    if recover(typed, request.signature) != request.sender:
        raise refused("BadSignature")
    # The contract calls itself with the author's address behind the data.
    play(turn.by(request.sender), data + bytes.fromhex(request.sender[2:]))


def cancel_nonce(turn: Turn, action: ac.CancelNonce) -> None:
    """Make a request that one has signed worthless."""
    spend(turn, turn.who, action.nonce)
    turn.tell(ev.NonceCancelled, nonce=action.nonce)


def spend(turn: Turn, signer: str, nonce: int) -> None:
    """Use up a nonce of the called contract."""
    key = turn.home, signer, nonce
    if key in turn.world.spent:
        raise refused("NonceUsed")
    turn.world.spent[key] = True


def selector_of(code: str) -> str:
    """Give what a contract reverts with, hex: our errors have no parameters.

    >>> selector_of("NotOwner")
    '30cd7471'
    """
    return "" if code == UNNAMED else keccak(f"{code}()".encode())[:4].hex()

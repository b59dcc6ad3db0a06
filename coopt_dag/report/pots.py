"""Bounties as rows: who put up what, for whom, until when, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.actions.money import COIN
from coopt_dag.model.moment import from_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.state import BountyEntry, LedgerState

    Row = dict[str, Any]


def pots(
    state: LedgerState, challenge: str | None, *, name_of: Callable[[str], str], now: int
) -> list[Row]:
    """Give bounties by number; `now` tells whose deadline has passed.

    >>> from coopt_dag.ledger.state import BountyEntry, LedgerState
    >>> state = LedgerState()
    >>> nobody = "0x" + "0" * 40
    >>> state.bounties[1] = BountyEntry(
    ...     1, "toy", "fit", 0, "0xa", asset=nobody, amount=7, left=7, payee=nobody, deadline=50,
    ...     terms_cid="bafy")
    >>> [(r["for"], r["state"]) for r in pots(state, None, name_of=str, now=60)]
    [('toy/fit', 'can be refunded')]
    """
    return [
        _row(state, entry, name_of=name_of, now=now)
        for _, entry in sorted(state.bounties.items())
        if challenge in {None, entry.challenge}
    ]


def _row(state: LedgerState, entry: BountyEntry, *, name_of: Callable[[str], str], now: int) -> Row:
    return {
        "id": entry.id,
        "for": f"{entry.challenge}/{entry.step}" if entry.step else entry.challenge,
        "epoch": entry.epoch,
        "sponsor": name_of(entry.sponsor),
        "asset": None if entry.asset == COIN else entry.asset,
        "amount": entry.amount,
        "left": entry.left,
        "payee": None if entry.payee == COIN else name_of(entry.payee),
        "deadline": entry.deadline,
        "terms_cid": entry.terms_cid,
        "state": _state(state, entry, now=now),
    }


def _state(state: LedgerState, entry: BountyEntry, *, now: int) -> str:
    if entry.left == 0:
        return "empty"
    found = state.settlements.get((entry.challenge, entry.epoch))
    shares = () if found is None or found.is_struck else found.shares
    if found is not None and entry.id in {s.bounty_id for s in shares}:
        is_final = found.dispute is None and now >= found.final_at
        return "a settlement pays it" if is_final else "in a settlement that is not final"
    return "can be refunded" if now >= entry.deadline else f"until {from_seconds(entry.deadline)}"

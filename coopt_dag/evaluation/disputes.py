"""Doubts about records: what they cost, and how they begin and lapse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerRefusedError, UnknownNameError
from coopt_dag.evaluation.coin import require_coin
from coopt_dag.ledger.actions import Dispute, Lapse
from coopt_dag.model.moment import from_seconds
from coopt_dag.model.wei import from_wei

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import DisputeEntry, LedgerState, Submission


def submission_of(state: LedgerState, number: int) -> Submission:
    """Give a submission, or say that there is none.

    Raises
    ------
    UnknownNameError
        No submission has this number.
    """
    if number not in state.submissions:
        last = max(state.submissions, default=0)
        hint = f"the latest is {last}: coopt board CHALLENGE" if last else "nobody submitted yet"
        raise UnknownNameError("submission", str(number), (), hint=hint)
    return state.submissions[number]


def open_dispute(state: LedgerState, number: int) -> DisputeEntry:
    """Give the dispute of a submission that is not decided yet.

    Raises
    ------
    LedgerRefusedError
        There is none.
    """
    entry = submission_of(state, number)
    if number not in state.disputes:
        raise LedgerRefusedError(
            "NotContested",
            f"submission {number} is {entry.status}, and nobody disputes it now",
            hint="coopt dispute list shows all disputes",
        )
    return state.disputes[number]


def price(desk: Desk, number: int, *, now: int) -> int:
    """Give what disputing a submission costs if the dispute proves unfounded, in wei.

    Raises
    ------
    LedgerRefusedError
        It cannot be disputed (any more); `code` is the contract's.
    """
    state = desk.state()
    entry = submission_of(state, number)
    why = _why_final(state, entry, now=now)
    if why:
        raise LedgerRefusedError("NotDisputable", f"submission {number} {why}", hint=_NO_DISPUTE)
    return state.challenges[entry.challenge].bond_wei


_NO_DISPUTE = "coopt review says what you found; coopt show tells all of a submission"


def _why_final(state: LedgerState, entry: Submission, *, now: int) -> str:
    if entry.status == "contested":
        return "is in dispute already"
    if entry.status != "record":
        return f"is {entry.status}: only a record can be disputed"
    if entry.disputable_until == 0:
        return "was disputed before, and its record stands for good"
    if state.challenges[entry.challenge].dispute_s == 0:
        return "is of a challenge whose records cannot be disputed"
    if now >= entry.disputable_until:
        return f"could be disputed until {from_seconds(entry.disputable_until)}"
    return ""


def dispute(desk: Desk, number: int, evidence_cid: str, *, now: int) -> Receipt:
    """Dispute a record; the challenge's bond is sent along."""
    bond_wei = price(desk, number, now=now)
    require_coin(desk, bond_wei)
    return desk.send(Dispute(number, evidence_cid, value_wei=bond_wei))


def lapse(desk: Desk, number: int) -> Receipt:
    """End a vote whose time is over without a majority.

    Raises
    ------
    LedgerRefusedError
        There is no dispute, or there is time left.
    """
    found = open_dispute(desk.state(), number)
    try:
        return desk.send(Lapse(number))
    except LedgerRefusedError as error:
        if error.code != "VoteNotOver":
            raise
        raise LedgerRefusedError(
            error.code,
            f"the evaluators have time until {from_seconds(found.vote_by)}",
            hint="coopt dispute list tells how many votes are there",
        ) from error


def terms(state: LedgerState, number: int) -> str:
    """Say what a dispute costs and how long it takes, before it is sent."""
    rules = state.challenges[state.submissions[number].challenge]
    days = max(rules.dispute_s, 86_400) / 86_400
    if rules.bond_wei == 0:
        cost = "it needs no bond"
    else:
        cost = f"the bond is {from_wei(rules.bond_wei)}: yours again unless it proves unfounded"
    return f"{cost}; evaluators have {days:g} days to vote"

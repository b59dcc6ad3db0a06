"""Doubts about scores: who may vote on one, what was voted, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerRefusedError, UnknownNameError, UsageError
from coopt_dag.evaluation import votes
from coopt_dag.evaluation.coin import require_coin
from coopt_dag.ledger.actions import Decide, Dispute, Lapse
from coopt_dag.ledger.typed import message
from coopt_dag.model.moment import from_seconds
from coopt_dag.model.wei import from_wei

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import DisputeEntry, LedgerState, Submission


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes for the same words: the same verdict for the same report."""

    upheld: bool
    report_cid: str
    voters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a vote; `tx_hash` is empty while more are needed."""

    submission_id: int
    upheld: bool
    report_cid: str
    given: int
    needed: int
    folder: str
    tx_hash: str
    bond_wei: int
    """What is owed to the winner now, if it is decided."""

    @property
    def missing(self) -> int:
        """How many more voices the ledger wants."""
        return max(0, self.needed - self.given)


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


def voters(state: LedgerState, number: int, *, now: int) -> tuple[str, ...]:
    """Give who may vote now: the evaluators, without the author and the disputer."""
    entry, found = state.submissions[number], state.disputes[number]
    barred = {entry.contributor, found.disputer}
    return tuple(w for w in state.judges(entry.challenge, now=now) if w not in barred)


def needed(state: LedgerState, number: int, *, now: int) -> int:
    """Give how many votes are more than half of those who may vote."""
    return len(voters(state, number, now=now)) // 2 + 1


def tallies(desk: Desk, state: LedgerState, number: int, *, now: int) -> list[Tally]:
    """Give what was voted on a dispute so far, as the folder of votes has it; most votes first."""
    may = set(voters(state, number, now=now))
    found = []
    for words in votes.laid_down(desk, "Verdict"):
        if words.get("submissionId") != number:
            continue
        upheld, report = bool(words.get("upheld")), str(words.get("reportCid"))
        given = votes.gathered(desk, _words(desk, number, upheld=upheld, report_cid=report))
        who = tuple(v.evaluator for v in given if v.evaluator in may)
        if who:
            found.append(Tally(upheld, report, who))
    return sorted(found, key=lambda t: (-len(t.voters), t.report_cid, t.upheld))


def report_of(desk: Desk, number: int, *, upheld: bool, now: int) -> str:
    """Give the report under which others voted the same way: votes count only together.

    Raises
    ------
    UsageError
        Nobody did, or they did under different reports.
    """
    state = desk.state()
    open_dispute(state, number)
    found = [t for t in tallies(desk, state, number, now=now) if t.upheld == upheld]
    if len(found) == 1:
        return found[0].report_cid
    which = "there is no such vote yet" if not found else "they name different reports"
    named = ", ".join(t.report_cid for t in found)
    raise UsageError(
        f"whose report do you join? {which}",
        hint=f"--report {named or 'FILE, which says what you found'}",
    )


def vote(desk: Desk, number: int, *, upheld: bool, report_cid: str, now: int) -> Cast:
    """Sign a verdict; send it with the others' as soon as more than half agree.

    Raises
    ------
    LedgerRefusedError
        There is no dispute, the time is over, or this identity may not vote on it.
    """
    state = desk.state()
    found = open_dispute(state, number)
    _require_voter(desk, state, number, now=now)
    if now > found.vote_by:
        raise LedgerRefusedError(
            "VoteOver",
            f"the vote ended at {from_seconds(found.vote_by)}",
            hint=f"coopt dispute lapse {number}",
        )
    given = votes.cast(desk, _words(desk, number, upheld=upheld, report_cid=report_cid))
    may, wanted = voters(state, number, now=now), needed(state, number, now=now)
    counted = tuple(v for v in given if v.evaluator in may)
    tx_hash = ""
    if len(counted) >= wanted:
        tx_hash = desk.send(Decide(number, upheld, report_cid, counted)).tx_hash
    return Cast(
        submission_id=number,
        upheld=upheld,
        report_cid=report_cid,
        given=len(counted),
        needed=wanted,
        folder=str(votes.folder_of(desk)),
        tx_hash=tx_hash,
        bond_wei=found.bond_wei,
    )


def _require_voter(desk: Desk, state: LedgerState, number: int, *, now: int) -> None:
    who, entry = desk.identity.address, state.submissions[number]
    if who not in state.judges(entry.challenge, now=now):
        raise LedgerRefusedError(
            "NotEvaluator",
            f"only evaluators of '{entry.challenge}' vote",
            hint=f"coopt evaluators {entry.challenge} lists them",
        )
    if who not in voters(state, number, now=now):
        raise LedgerRefusedError(
            "NotIndependent",
            "nobody votes on its own submission or its own dispute",
            hint="the other evaluators decide",
        )


def _words(desk: Desk, number: int, *, upheld: bool, report_cid: str) -> dict[str, Any]:
    return message(
        desk.ledger.domain(),
        "Verdict",
        submissionId=number,
        upheld=upheld,
        reportCid=report_cid,
    )


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

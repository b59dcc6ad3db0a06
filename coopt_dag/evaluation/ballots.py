"""Ballots: who may vote on a doubt, what was voted, and when it is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerRefusedError, UsageError
from coopt_dag.evaluation import votes
from coopt_dag.evaluation.disputes import open_dispute
from coopt_dag.ledger.actions import Decide
from coopt_dag.ledger.typed import message
from coopt_dag.model.moment import from_seconds

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.state import LedgerState


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
    UsageError
        It voted the other way before.
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
    _refuse_both(desk, state, number, upheld=upheld, now=now)
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


def _refuse_both(desk: Desk, state: LedgerState, number: int, *, upheld: bool, now: int) -> None:
    """Refuse to say yes and no: whoever brings the votes could choose between the two."""
    who = desk.identity.address
    for tally in tallies(desk, state, number, now=now):
        if who in tally.voters and tally.upheld != upheld:
            said = "upheld" if tally.upheld else "rejected"
            raise UsageError(
                f"you have voted '{said}', and a signed vote cannot be taken back",
                hint=f"you can join another report that says '{said}'",
            )


def _words(desk: Desk, number: int, *, upheld: bool, report_cid: str) -> dict[str, Any]:
    return message(
        desk.ledger.domain(),
        "Verdict",
        submissionId=number,
        upheld=upheld,
        reportCid=report_cid,
    )

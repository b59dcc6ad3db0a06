"""Doubts about a settlement: opened by anybody before it is final, decided by evaluators' votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerRefusedError, UsageError
from coopt_dag.evaluation import votes
from coopt_dag.evaluation.coin import require_coin
from coopt_dag.evaluation.redeem import settlement_of
from coopt_dag.ledger.actions import DecideSettlement, DisputeSettlement, LapseSettlement
from coopt_dag.ledger.hashing import challenge_key
from coopt_dag.ledger.typed import message
from coopt_dag.model.moment import from_seconds

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import LedgerState, SettlementEntry


@dataclass(frozen=True, slots=True)
class Voice:
    """What became of a vote on a settlement; `tx_hash` is empty while more are needed."""

    upheld: bool
    report_cid: str
    given: int
    needed: int
    folder: str
    tx_hash: str


def price(desk: Desk, challenge: str, epoch: int, *, now: int) -> int:
    """Give what disputing a settlement costs if the dispute proves unfounded, in wei.

    Raises
    ------
    UnknownNameError
        The epoch is not settled.
    LedgerRefusedError
        It cannot be disputed (any more).
    """
    state = desk.state()
    _, entry = settlement_of(state, challenge, epoch)
    why = _why_final(entry, now=now)
    if why:
        raise LedgerRefusedError(
            "NotDisputable",
            f"the settlement of epoch {epoch} of '{challenge}' {why}",
            hint="coopt dispute open ID disputes a record; evaluators and owner can be told",
        )
    return state.challenges[challenge].bond_wei


def _why_final(entry: SettlementEntry, *, now: int) -> str:
    if entry.is_struck:
        return "is struck"
    if entry.dispute is not None:
        return "is in dispute already"
    if now >= entry.final_at:
        return f"could be disputed until {from_seconds(entry.final_at)}"
    return ""


def dispute(desk: Desk, challenge: str, epoch: int, evidence_cid: str, *, now: int) -> Receipt:
    """Dispute a settlement; the challenge's bond is sent along."""
    bond_wei = price(desk, challenge, epoch, now=now)
    require_coin(desk, bond_wei)
    return desk.send(DisputeSettlement(challenge, epoch, evidence_cid, value_wei=bond_wei))


def lapse(desk: Desk, challenge: str, epoch: int) -> Receipt:
    """End a vote that came to nothing: the settlement is struck, for nothing is paid in doubt."""
    _open(desk.state(), challenge, epoch)
    return desk.send(LapseSettlement(challenge, epoch))


def voters(state: LedgerState, challenge: str, epoch: int, *, now: int) -> tuple[str, ...]:
    """Give who may vote now: the evaluators, without the proposer and the disputer."""
    entry = state.settlements[challenge, epoch]
    barred = {entry.proposer, "" if entry.dispute is None else entry.dispute.disputer}
    return tuple(w for w in state.judges(challenge, now=now) if w not in barred)


def vote(
    desk: Desk, challenge: str, epoch: int, *, upheld: bool, report_cid: str | None, now: int
) -> Voice:
    """Sign a verdict; send it with the others' as soon as more than half agree.

    Parameters
    ----------
    report_cid
        What was found; None joins the one report under which others voted the same way.

    Raises
    ------
    LedgerRefusedError
        There is no dispute, the time is over, or this identity may not vote on it.
    UsageError
        There is no report to join, or this identity voted the other way before.
    """
    state = desk.state()
    entry = _open(state, challenge, epoch)
    _require_voter(desk, state, challenge, epoch, now=now)
    report = report_cid or _report_of(desk, challenge, epoch, entry, upheld=upheld)
    _refuse_both(desk, challenge, epoch, entry, upheld=upheld)
    words = _words(desk, challenge, epoch, entry, upheld=upheld, report_cid=report)
    may = voters(state, challenge, epoch, now=now)
    counted = tuple(v for v in votes.cast(desk, words) if v.evaluator in may)
    needed, tx_hash = len(may) // 2 + 1, ""
    if len(counted) >= needed:
        tx_hash = desk.send(DecideSettlement(challenge, epoch, upheld, report, counted)).tx_hash
    return Voice(upheld, report, len(counted), needed, str(votes.folder_of(desk)), tx_hash)


def _open(state: LedgerState, challenge: str, epoch: int) -> SettlementEntry:
    _, entry = settlement_of(state, challenge, epoch)
    if entry.dispute is None:
        raise LedgerRefusedError(
            "NotContested",
            f"nobody disputes the settlement of epoch {epoch} of '{challenge}' now",
            hint=f"coopt verify {challenge} --epoch {epoch} tells whether there is cause",
        )
    return entry


def _require_voter(desk: Desk, state: LedgerState, challenge: str, epoch: int, *, now: int) -> None:
    if desk.identity.address not in voters(state, challenge, epoch, now=now):
        raise LedgerRefusedError(
            "NotEvaluator",
            "evaluators vote, but not who proposed the settlement or disputes it",
            hint=f"coopt evaluators {challenge} lists them",
        )
    dispute_entry = state.settlements[challenge, epoch].dispute
    assert dispute_entry is not None  # noqa: S101  # it is open
    if now > dispute_entry.vote_by:
        raise LedgerRefusedError(
            "VoteOver",
            f"the vote ended at {from_seconds(dispute_entry.vote_by)}",
            hint=f"coopt dispute settlement-lapse {challenge} --epoch {epoch}",
        )


def _laid_down(
    desk: Desk, challenge: str, epoch: int, entry: SettlementEntry
) -> list[dict[str, Any]]:
    key = challenge_key(challenge).hex()
    return [
        words
        for words in votes.laid_down(desk, "SettlementVerdict")
        if str(words.get("challengeKey", "")).removeprefix("0x") == key
        and (words.get("epoch"), words.get("round")) == (epoch, entry.round)
    ]


def _report_of(
    desk: Desk, challenge: str, epoch: int, entry: SettlementEntry, *, upheld: bool
) -> str:
    found = _laid_down(desk, challenge, epoch, entry)
    reports = sorted({str(w["reportCid"]) for w in found if bool(w["upheld"]) == upheld})
    if len(reports) == 1:
        return reports[0]
    which = "there is no such vote yet" if not reports else "they name different reports"
    raise UsageError(
        f"whose report do you join? {which}",
        hint=f"--report {', '.join(reports) or 'FILE, which says what you found'}",
    )


def _refuse_both(
    desk: Desk, challenge: str, epoch: int, entry: SettlementEntry, *, upheld: bool
) -> None:
    """Refuse to say yes and no: whoever brings the votes could choose between the two."""
    for words in _laid_down(desk, challenge, epoch, entry):
        other = {"upheld": bool(words["upheld"]), "report_cid": str(words["reportCid"])}
        if other["upheld"] == upheld:
            continue
        given = votes.gathered(desk, _words(desk, challenge, epoch, entry, **other))
        if desk.identity.address in {v.evaluator for v in given}:
            raise UsageError(
                "you have voted the other way, and a signed vote cannot be taken back",
                hint="leave the decision to the others",
            )


def _words(
    desk: Desk, challenge: str, epoch: int, entry: SettlementEntry, **verdict: Any
) -> dict[str, Any]:
    return message(
        desk.ledger.domain("treasury"),
        "SettlementVerdict",
        challengeKey=challenge_key(challenge),
        epoch=epoch,
        round=entry.round,
        upheld=verdict["upheld"],
        reportCid=verdict["report_cid"],
    )

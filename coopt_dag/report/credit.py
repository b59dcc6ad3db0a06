"""A settlement as one page: its end, its ladder, its payments, what is not paid, its sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IntegrityError
from coopt_dag.model.moment import from_seconds
from coopt_dag.report.ladder import ends, ladder
from coopt_dag.report.measure import measure_of
from coopt_dag.report.payments import bounty_sentences, payment_sentences
from coopt_dag.report.unpaid import unpaid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopt_dag.ledger.state import LedgerState, SettlementEntry
    from coopt_dag.report.sentences import Namer

    Table = Mapping[str, Any]

_CREDIT = 0
"""What stands for credit where bounties have their number."""


def sums(table: Table) -> tuple[str, ...]:
    """Show that nothing was made or lost: payments and the pot, gains and the total gain.

    Raises
    ------
    IntegrityError
        A sum is another than the table says.
    """
    result, leaves = table["result"], table["result"]["leaves"]
    paid = [row["paid"] for row in result["rows"] if row["paid"]]
    raw = [row["raw"] for row in result["rows"] if row["kind"] == "step"]
    credit = sum(leaf["amount"] for leaf in leaves if leaf["bounty_id"] == _CREDIT)
    _same("payments", sum(paid), result["pot"], "the pot")
    _same("payments to accounts", credit, result["pot"], "the pot")
    _same("gains", sum(raw), result["scale"] * result["gain"], "the total gain")
    stays = sum(one.amount for one in unpaid(table))
    _same("pot and what is not paid", result["pot"] + stays, result["budget"], "the budget")
    for share in result["shares"]:
        of = [x["amount"] for x in leaves if x["bounty_id"] == share["bounty_id"]]
        _same(f"payments of bounty {share['bounty_id']}", sum(of), share["total"], "its share")
    ladder(table)
    unit = f"in 1/{result['scale']} of 1e-9" if result["scale"] > 1 else "in 1e-9"
    return (
        f"payments: {_sum(paid)} = {result['pot']:,}, the pot",
        f"gains: {_sum(raw)} = {result['scale'] * result['gain']:,}, the total gain ({unit})",
        f"budget: {result['pot']:,} paid + {stays:,} not paid = {result['budget']:,}",
    )


def _same(what: str, found: int, expected: int, name: str) -> None:
    if found != expected:
        raise IntegrityError(f"{what} sum to {found:,}; {name} is {expected:,}")


def _sum(parts: Iterable[int]) -> str:
    return " + ".join(f"{part:,}" if part >= 0 else f"({part:,})" for part in parts) or "0"


def summary(table: Table) -> str:
    """Say in one sentence what the epoch brought and what of the budget is paid."""
    measure, result = measure_of(table), table["result"]
    first, last = (measure.score(score * measure.scale) for score in ends(table))
    moved = measure.with_unit(f"{measure.name}: {first} -> {last}")
    return f"{moved}; {result['pot']:,} of {result['budget']:,} credits are paid"


def standing(entry: SettlementEntry, *, now: int) -> tuple[str, str]:
    """Give one word for how a settlement stands on the ledger, and a sentence.

    The words are `final`, `open` (it can be disputed), `disputed`, `struck`.
    """
    if entry.is_struck:
        return "struck", "struck after a dispute: it pays nothing more"
    if entry.dispute is not None:
        return "disputed", f"in dispute; vote until {from_seconds(entry.dispute.vote_by)}"
    if now < entry.final_at:
        end = from_seconds(entry.final_at)
        return "open", f"not final: it can be disputed until {end}"
    return "final", "final"


def explained(table: Table, name_of: Namer) -> dict[str, Any]:
    """Give all that is to be said of a table, as plain data; `gain` is whole, in 1e-9.

    Raises
    ------
    IntegrityError
        Its sums do not match.
    """
    checked = sums(table)
    rows = table["result"]["rows"]
    measure = measure_of(table)
    return {
        "summary": summary(table),
        "gain": table["result"]["gain"],
        "scale": table["result"]["scale"],
        "unit": measure.unit,
        "pot": table["result"]["pot"],
        "budget": table["result"]["budget"],
        "rows": [
            dict(row) | {"who": name_of(row["account"]), "sentence": text}
            for row, text in zip(rows, payment_sentences(table, name_of), strict=True)
        ],
        "bounties": bounty_sentences(table, name_of),
        "unpaid": [{"amount": one.amount, "reason": one.reason} for one in unpaid(table)],
        "sums": list(checked),
    }


def owed(
    state: LedgerState, table: Table, entry: SettlementEntry, account: str
) -> dict[str, list[dict[str, Any]]]:
    """Give an account's payments: those that it has redeemed, and those that it has not."""
    mine = [dict(leaf) for leaf in table["result"]["leaves"] if leaf["account"] == account]
    for leaf in mine:
        bounty = state.bounties.get(leaf["bounty_id"])
        leaf["asset"] = None if bounty is None else bounty.asset
    return {
        "redeemed": [leaf for leaf in mine if leaf["index"] in entry.redeemed],
        "waiting": [leaf for leaf in mine if leaf["index"] not in entry.redeemed],
    }

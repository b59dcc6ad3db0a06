"""`coopt credit`: what a settlement pays to whom, in plain sentences, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import ChallengeId, Json
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import ContentRefusedError, IntegrityError, LedgerRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.report.sentences import Namer

_WAITING = {"final": "can redeem {}", "struck": "is not paid {}"}
"""How a settlement stands → what that means for a payment that nobody fetched."""


def credit(
    challenge: ChallengeId,
    who: Annotated[
        str | None, typer.Argument(metavar="[WHO]", help="Name or address; else everybody.")
    ] = None,
    epoch: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Number of the epoch; else the latest.")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the waterfall to this SVG file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell each payment of a settled epoch in one sentence, and what was not paid and why.

    The table comes from the store by the CID on the ledger, and is computed again from what was
    measured before a word of it is told. See docs/credit.md.

    Example: coopt credit movielens ada
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now

    workspace = wiring.here()
    desk, name_of = wiring.desk(workspace), wiring.namer(workspace)
    state, present = desk.state(), now(desk.ledger)
    account = None if who is None else wiring.address_of(workspace, who)
    known = [e for c, e in state.settlements if c == challenge]
    number = max(known, default=state.epoch(challenge)) if epoch is None else epoch
    if number not in known:
        found = _unsettled(state, challenge, number, name_of=name_of, now=present)
        _put_unsettled(found, as_json=as_json)
        return
    entry = state.settlements[challenge, number]
    table = _table(desk, challenge, number)
    found = _page(state, table, name_of=name_of, now=present, account=account)
    if svg is not None:
        from coopt_dag.report.waterfall_svg import waterfall_svg

        svg.write_text(waterfall_svg(table, name_of), encoding="utf-8")
        note(f"waterfall: {svg}")
    if as_json:
        put(found | {"table_cid": entry.table_cid, "merkle_root": entry.root})
        return
    _say(found, table, name_of, who=account and name_of(account))
    _say_next(found, challenge, number, who)


def _table(desk: Any, challenge: str, epoch: int) -> dict[str, Any]:
    """Fetch a settlement's table and compute it again; what differs is not told.

    Raises
    ------
    IntegrityError
        Its payments do not follow from what was measured, or are not those of the ledger.
    ContentRefusedError
        It is no table of a settlement.
    """
    from coopt_dag.evaluation import tables
    from coopt_dag.evaluation.redeem import settled_table

    entry = desk.state().settlements[challenge, epoch]
    table = settled_table(desk, challenge, entry, epoch)
    inputs = table["inputs"]
    try:
        again = tables.result_of(challenge, epoch, inputs)
        words = [inputs["metric"][key] for key in ("name", "unit", "direction")]
        head = (table["challenge"], table["epoch"])
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise ContentRefusedError(
            f"its inputs are none of a settlement ({type(error).__name__}: {error})",
            path=entry.table_cid,
            hint=f"coopt verify {challenge} --epoch {epoch}",
        ) from error
    is_same = again == table["result"] and head == (challenge, epoch)
    if not is_same or not all(isinstance(word, str) for word in words):
        raise IntegrityError(
            "its payments do not follow from what it says was measured",
            path=entry.table_cid,
            hint=f"coopt verify {challenge} --epoch {epoch}",
        )
    return table


def _page(
    state: LedgerState,
    table: Mapping[str, Any],
    *,
    name_of: Namer,
    now: int,
    account: str | None,
) -> dict[str, Any]:
    from coopt_dag.report import credit as report

    challenge, epoch = table["challenge"], table["epoch"]
    entry = state.settlements[challenge, epoch]
    word, text = report.standing(entry, now=now)
    found = report.explained(table, name_of)
    found |= {"challenge": challenge, "epoch": epoch, "status": word, "standing": text}
    leaves = {leaf["index"] for leaf in table["result"]["leaves"]}
    found["unredeemed"] = len(leaves - entry.redeemed)
    if account is None:
        return found
    found["rows"] = [row for row in found["rows"] if row["account"] == account]
    mine = report.owed(state, table, entry, account)
    total = state.credit.get((challenge, account), 0)
    return found | mine | {"who": name_of(account), "credit": total}


def _say(
    found: dict[str, Any], table: Mapping[str, Any], name_of: Namer, *, who: str | None
) -> None:
    from coopt_dag.report.waterfall import waterfall

    say(f"{found['challenge']}, epoch {found['epoch']}: {found['standing']}")
    say(found["summary"])
    if who is None:
        say("\n" + waterfall(table, name_of))
    sentences = [row["sentence"] for row in found["rows"]]
    if not sentences:
        nobody = "nothing was added, so nobody is paid."
        sentences = [nobody if who is None else f"{who} has no part in this settlement."]
    say("\n" + "\n".join(sentences))
    if who is not None:
        _say_own(found)
        return
    for text in found["bounties"]:
        say(text)
    for one in found["unpaid"]:
        say(f"{one['amount']:,} credits are not paid: {one['reason']}.")
    say("\n" + "\n".join(found["sums"]))


def _say_own(found: dict[str, Any]) -> None:
    """Say what one account has redeemed, what waits for it, and what it holds in all."""
    say("")
    waits = _WAITING.get(found["status"], "cannot redeem {} yet")
    for key, verb in (("redeemed", "has redeemed {}"), ("waiting", waits)):
        for leaf in found[key]:
            say(f"{found['who']} {verb.format(_amount(leaf))}.")
    say(f"{found['who']} holds {found['credit']:,} credits of {found['challenge']} in all.")


def _amount(leaf: Mapping[str, Any]) -> str:
    from coopt_dag.report.sentences import asset_amount

    if not leaf["bounty_id"]:
        return f"{leaf['amount']:,} credits"
    return f"{asset_amount(leaf['asset'], leaf['amount'])} of bounty {leaf['bounty_id']}"


def _say_next(found: dict[str, Any], challenge: str, epoch: int, who: str | None) -> None:
    if found["status"] == "struck":
        note(f"next: coopt settle {challenge} --epoch {epoch}")
    elif found["status"] == "final" and found.get("waiting"):
        note(f"next: coopt redeem {challenge} --epoch {epoch} --for {who}")
    elif found["status"] == "final" and who is None and found["unredeemed"]:
        note(f"next: coopt redeem {challenge} --epoch {epoch} --as NAME")


def _unsettled(
    state: LedgerState, challenge: str, epoch: int, *, name_of: Namer, now: int
) -> dict[str, Any]:
    """Say what an epoch waits for, and which records stand in it so far."""
    from coopt_dag.evaluation.epochs import require_over
    from coopt_dag.report.board import submission_row

    reason, move = (
        "it is over, and all in it is judged",
        f"coopt settle {challenge} --epoch {epoch}",
    )
    try:
        require_over(state, challenge, epoch, now=now)
    except LedgerRefusedError as error:
        reason, move = error.message, error.hint
    records = [state.submissions[n] for n in state.records.get(challenge, ())]
    return {
        "challenge": challenge,
        "epoch": epoch,
        "status": "not settled",
        "reason": reason,
        "next": move,
        "rows": [
            submission_row(r, name_of=name_of)
            for r in records
            if r.epoch == epoch and not r.is_baseline
        ],
    }


def _put_unsettled(found: dict[str, Any], *, as_json: bool) -> None:
    from coopt_dag.report.board import table

    if as_json:
        put(found)
        return
    say(f"{found['challenge']}, epoch {found['epoch']}: not settled; {found['reason']}")
    if found["rows"]:
        shown = ("id", "step", "who", "before", "score", "improvement")
        say("records so far; what they are worth to the whole is measured when it is settled:")
        say(table([[row[c] for c in shown] for row in found["rows"]], shown))
    note(f"next: {found['next']}")

"""`coopt bounty`: put up coin or tokens for a challenge, a step, or one person's task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.relays import told_as_signed
from coopt_dag.errors import UsageError

if TYPE_CHECKING:
    from coopt_dag.evaluation.bounties import Funding, Offer

app = typer.Typer(help="Coin and tokens that sponsors put up.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a bounty.")]


@app.command("fund")
def fund(
    name: Annotated[str, typer.Argument(metavar="CHALLENGE[/STEP]")],
    amount: Annotated[
        str, typer.Option(help="With its unit: 0.05eth, 7wei; of a token its smallest units.")
    ],
    until: Annotated[
        str, typer.Option(metavar="DATE", help="From then on you may have back what is free (UTC).")
    ],
    terms: Annotated[
        str, typer.Option(metavar="FILE_OR_CID", help="What it is for, in your words.")
    ],
    epoch: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Whose settlement pays; else the present.")
    ] = None,
    payee: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="A mini-grant: you release it to this person."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="An ERC-20 token in place of coin.")
    ] = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Put up a bounty: it leaves your account now, and comes back if no settlement takes it.

    With --token the treasury is first allowed to take exactly this amount of it, in a
    transaction of its own.

    Example: coopt bounty fund movielens/bias --amount 0.05eth --until 2027-06-30 --terms terms.md
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import bounties
    from coopt_dag.evaluation.papers import paper
    from coopt_dag.ledger.actions.money import COIN
    from coopt_dag.model.moment import to_seconds

    workspace = wiring.here()
    challenge, _, step = name.partition("/")
    asset = COIN if token is None else wiring.address_of(workspace, token)
    units, deadline = _units(amount, token), to_seconds(until)
    payee_address = COIN if payee is None else wiring.address_of(workspace, payee)
    desk = wiring.acting(workspace, who, passphrase_file)
    offer = bounties.Offer(
        challenge=challenge,
        step=step,
        amount=units,
        deadline=deadline,
        terms_cid=paper(desk, terms),
        epoch=epoch,
        payee=payee_address,
        asset=asset,
    )
    made = bounties.fund(desk, offer)
    _tell(made, offer, name, as_json=as_json)


def _tell(made: Funding, offer: Offer, name: str, *, as_json: bool) -> None:
    from coopt_dag.ledger.actions.money import COIN
    from coopt_dag.model.moment import from_seconds
    from coopt_dag.report.sentences import asset_amount

    if as_json:
        asset = None if offer.asset == COIN else offer.asset
        told = {"id": made.bounty_id, "amount": made.arrived, "asset": asset}
        told |= {"epoch": made.epoch, "deadline": offer.deadline, "terms_cid": offer.terms_cid}
        put(told | {"tx_hash": made.tx_hash})
        return
    if made.bounty_id is None:  # signed for a relay, as coopt.toml says
        note("next: coopt relay FOLDER, by who pays the amount")
        return
    say(f"bounty {made.bounty_id}: {asset_amount(offer.asset, made.arrived)} for {name}")
    say(f"terms {offer.terms_cid}\ntransaction {made.tx_hash}")
    if made.arrived != offer.amount:
        note(f"the token kept a fee: {offer.amount - made.arrived} units did not arrive")
    note(f"free again from {from_seconds(offer.deadline)}: coopt bounty refund {made.bounty_id}")


def _units(amount: str, token: str | None) -> int:
    from coopt_dag.model.wei import to_wei

    if token is None:
        return to_wei(amount)
    if not (amount.isascii() and amount.isdigit()):
        raise UsageError(
            f"'{amount}' is no number of a token's smallest units",
            hint="a token of 6 decimals: 5000000 is five of it",
        )
    return int(amount)


@app.command("list")
def list_(
    challenge: Annotated[
        str | None, typer.Argument(metavar="[CHALLENGE]", help="Only this challenge.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show bounties: who put up what, until when, and what is left.

    Example: coopt bounty list movielens
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.ledger.state import project
    from coopt_dag.report.pots import pots

    workspace = wiring.here()
    ledger = wiring.ledger(workspace, write=False)
    events = ledger.events()
    present = now(ledger) if events else 0
    rows = pots(project(events), challenge, name_of=wiring.namer(workspace), now=present)
    if as_json:
        put(rows)
    elif not rows:
        say("nobody has put up a bounty")
    else:
        _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    from coopt_dag.ledger.actions.money import COIN
    from coopt_dag.report.board import table
    from coopt_dag.report.sentences import asset_amount

    lines = [
        [
            *(row[c] for c in ("id", "for", "epoch", "sponsor", "payee")),
            asset_amount(row["asset"] or COIN, row["amount"]),
            asset_amount(row["asset"] or COIN, row["left"]),
            row["state"],
        ]
        for row in rows
    ]
    say(table(lines, ("id", "for", "epoch", "sponsor", "payee", "amount", "left", "state")))


@app.command("refund")
def refund(
    number: Number,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Send a sponsor what is free of its bounty; anybody may ask, after the deadline.

    Example: coopt bounty refund 3
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import bounties

    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    receipt = bounties.refund(desk, number)
    _moved(desk, number, receipt, "went back to its sponsor", as_json=as_json)


@app.command("release")
def release(
    number: Number,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Pay a mini-grant to its payee; only its sponsor may.

    Example: coopt bounty release 3
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import bounties

    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    receipt = bounties.release(desk, number)
    _moved(desk, number, receipt, "was paid to its payee", as_json=as_json)


def _moved(desk: Any, number: int, receipt: Any, what: str, *, as_json: bool) -> None:
    from coopt_dag.report.sentences import asset_amount

    entry = desk.state().bounties[number]
    amount = sum(getattr(e, "amount", 0) for e in receipt.events)
    if as_json:
        put({"id": number, "amount": amount, "left": entry.left, "tx_hash": receipt.tx_hash})
    elif not told_as_signed(receipt):
        say(f"bounty {number}: {asset_amount(entry.asset, amount)} {what}, {receipt.tx_hash}")

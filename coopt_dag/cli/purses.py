"""`coopt balance`, `coopt withdraw`, `coopt faucet`: coin, and what is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import UsageError

if TYPE_CHECKING:
    from coopt_dag.specs.loaded import LoadedWorkspace


def balance(
    who: Annotated[
        str | None,
        typer.Argument(metavar="[WHO]", help="Name or address; else the identity that signs."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the coin that an account holds, and what the contracts owe it.

    Example: coopt balance ada
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.coin import purse
    from coopt_dag.model.wei import from_wei

    workspace = wiring.here()
    address = _account(workspace, who)
    is_there = (workspace.state_dir / wiring.LEDGER_FILE).is_file()
    ledger = wiring.ledger(workspace, write=is_there)
    try:
        found = purse(ledger, address)
    finally:
        ledger.close()
    if as_json:
        put(found.to_json())
        return
    say(f"{wiring.namer(workspace)(address)} {address}")
    say(f"holds {from_wei(found.holds)}")
    owed = found.owed_by_ledger + found.owed_by_treasury
    say(f"is owed {from_wei(owed)}")
    if owed:
        note("next: coopt withdraw")


def withdraw(
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Fetch the coin that the contracts owe you: bonds that came back or that you won.

    Example: coopt withdraw --as ada
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.coin import withdraw as fetch
    from coopt_dag.model.wei import from_wei

    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    found = fetch(desk, wiring.ledger(workspace, write=True))
    if as_json:
        put([w.to_json() for w in found])
        return
    for one in found:
        say(f"{from_wei(one.amount_wei)} from the {one.contract}: {one.tx_hash}")
    if not found:
        say("nothing is owed to you")


def faucet(
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="e.g. 1eth")],
    to: Annotated[
        str | None, typer.Option(metavar="WHO", help="Name or address; else who signs.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take coin from the embedded ledger's faucet: it is worth nothing anywhere else.

    Bonds and bounties need coin. On a chain of others, buy it or ask its own faucet.

    Example: coopt faucet 1eth --to ada
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.playcoin import give
    from coopt_dag.model.wei import from_wei, to_wei

    workspace = wiring.here()
    kind = workspace.spec.ledger.kind
    if kind != "embedded":
        raise UsageError(
            f"the ledger is of kind '{kind}', and has no faucet of ours",
            hint="coopt balance WHO gives the address to send coin to",
        )
    address, wei = _account(workspace, to), to_wei(amount)
    tx_hash = give(workspace.state_dir / wiring.LEDGER_FILE, address, wei)
    if as_json:
        put({"address": address, "amount_wei": wei, "tx_hash": tx_hash})
    else:
        say(f"{wiring.namer(workspace)(address)} has {from_wei(wei)} more, {tx_hash}")


def _account(workspace: LoadedWorkspace, who: str | None) -> str:
    from coopt_dag.cli import wiring

    return wiring.address_of(workspace, who or wiring.chosen(workspace, None))

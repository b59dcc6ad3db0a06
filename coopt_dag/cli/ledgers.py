"""Readers of the ledger: board, log, profile."""

from __future__ import annotations

from typing import Annotated

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile
from coopt_dag.cli.printing import put, say
from coopt_dag.errors import UnknownNameError


def board(
    name: Annotated[str, typer.Argument(metavar="CHALLENGE[/STEP]")],
    as_json: Json = False,
) -> None:
    """Show submissions and scores, the record of each step first.

    Example: coopt board movielens/bias
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.state import project
    from coopt_dag.report import board as pages

    workspace = wiring.here()
    state = project(wiring.ledger(workspace, write=False).events())
    challenge, _, step = name.partition("/")
    if challenge not in state.challenges:
        hint = f"coopt challenge register {challenge}"
        raise UnknownNameError("challenge on the ledger", challenge, state.challenges, hint=hint)
    steps = [s for c, s in state.steps if c == challenge]
    if step and step not in steps:
        raise UnknownNameError("step", step, steps)
    rows = pages.board(state, challenge, step or None, name_of=wiring.namer(workspace))
    if as_json:
        put(rows)
        return
    shown = ("step", "id", "who", "status", "score", "improvement", "end_to_end", "now")
    say(pages.table([[r[c] for c in shown] for r in rows], shown))


def log(
    as_json: Json = False,
    last: Annotated[int, typer.Option(min=1, help="How many events.")] = 30,
) -> None:
    """Show what happened, oldest first.

    Example: coopt log --last 10
    """
    from coopt_dag.cli import wiring
    from coopt_dag.report import board as pages

    workspace = wiring.here()
    events = wiring.ledger(workspace, write=False).events()[-last:]
    rows = [pages.log_row(e, name_of=wiring.namer(workspace)) for e in events]
    if as_json:
        put(rows)
        return
    lines = []
    for row in rows:
        what = " ".join(f"{k}={v}" for k, v in row["fields"].items() if v not in ("", [], None))
        lines.append((row["seq"], row["block"], row["event"], row["who"], what[:100]))
    say(pages.table(lines, ("seq", "block", "event", "who", "what")))


def profile(
    who: Annotated[str, typer.Argument(metavar="WHO", help="Name or address.")],
    as_json: Json = False,
) -> None:
    """Show a person's track record.

    Example: coopt profile ada
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.state import project
    from coopt_dag.report import board as pages

    workspace = wiring.here()
    state = project(wiring.ledger(workspace, write=False).events())
    found = pages.profile(state, wiring.address_of(workspace, who), name_of=wiring.namer(workspace))
    if as_json:
        put(found)
        return
    say(f"{found['who']} {found['address']}")
    for key in ("submissions", "records", "heads_held"):
        say(f"{key.replace('_', ' ')}: {found[key]}")
    say(f"built upon by submissions: {found['built_upon_by'] or '-'}")
    shown = ("id", "step", "status", "before", "score", "improvement")
    say(pages.table([[r[c] for c in shown] for r in found["entries"]], shown))


def deploy(
    url: Annotated[str, typer.Argument(help="JSON-RPC endpoint of a chain.")],
    who: As = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Deploy the ledger's contract on a chain, for workspaces that share it.

    Example: coopt ledger deploy http://127.0.0.1:8545 --as lab
    """
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.remote import deploy_rpc

    signer = wiring.signer(wiring.here(), who, passphrase_file)
    address = deploy_rpc(url, signer=signer)
    say(f'[ledger]\nkind = "rpc"\nurl = "{url}"\naddress = "{address}"')

"""`coopt evaluators`: who judges a challenge; its owner names them and lets them go."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import UsageError

VERBS = ("add", "retire")


def evaluators(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE")],
    verb: Annotated[
        str | None, typer.Argument(metavar="[add|retire]", help="Without it they are listed.")
    ] = None,
    named: Annotated[str | None, typer.Argument(metavar="[WHO]", help="Name or address.")] = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Show who judges a challenge; with add or retire, change that after a week's notice.

    Example: coopt evaluators movielens add 0x12ab…
    """
    from coopt_dag.cli import wiring

    if verb is not None and (verb not in VERBS or named is None):
        raise UsageError(
            f"'{verb}' wants {' or '.join(VERBS)}, and a name or address behind it",
            hint=f"coopt evaluators {challenge} add WHO",
        )
    workspace = wiring.here()
    if verb is not None and named is not None:
        _change(workspace, challenge, verb, named, who, passphrase_file)
    rows = _rows(workspace, challenge)
    if as_json:
        put(rows)
    else:
        _print(rows)


def _change(
    workspace: Any, challenge: str, verb: str, named: str, who: str | None, passphrase_file: Any
) -> None:
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import judges

    address = wiring.address_of(workspace, named)
    desk = wiring.acting(workspace, who, passphrase_file)
    change = judges.add if verb == "add" else judges.retire
    receipt = change(desk, challenge, address)
    done = "named" if verb == "add" else "is let go"
    note(f"{named} {done}, transaction {receipt.tx_hash}")


def _rows(workspace: Any, challenge: str) -> list[dict[str, Any]]:
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation.judges import known_challenge
    from coopt_dag.ledger.state import project
    from coopt_dag.report.bench import bench

    ledger = wiring.ledger(workspace, write=False)
    events = ledger.events()
    state = project(events)
    known_challenge(state, challenge)
    return bench(state, events, challenge, name_of=wiring.namer(workspace), now=now(ledger))


def _print(rows: list[dict[str, Any]]) -> None:
    from coopt_dag.report.board import table

    shown = ("who", "address", "state", "judged", "withheld")
    say(table([[r[c] for c in shown] for r in rows], shown))

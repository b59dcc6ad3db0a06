"""Readers of the ledger: board, log, profile."""

from __future__ import annotations

from typing import Annotated

import typer

from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import put, say
from coopt_dag.errors import UnknownNameError

_VOICES = ("reviews", "endorsements")


def board(
    name: Annotated[str, typer.Argument(metavar="CHALLENGE[/STEP]")],
    as_json: Json = False,
) -> None:
    """Show submissions and scores, the record of each step first.

    Example: coopt board movielens/bias
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.ledger.state import project
    from coopt_dag.report import board as pages

    workspace = wiring.here()
    ledger = wiring.ledger(workspace, write=False)
    state = project(ledger.events())
    challenge, _, step = name.partition("/")
    if challenge not in state.challenges:
        hint = f"coopt challenge register {challenge}"
        raise UnknownNameError("challenge on the ledger", challenge, state.challenges, hint=hint)
    steps = [s for c, s in state.steps if c == challenge]
    if step and step not in steps:
        raise UnknownNameError("step", step, steps)
    name_of = wiring.namer(workspace)
    rows = pages.board(state, challenge, step or None, name_of=name_of, now=now(ledger))
    if as_json:
        put(rows)
        return
    shown = ["step", "id", "who", "status", "score", "improvement", "end_to_end", "now"]
    shown += [c for c in ("standing", "said") if any(r[c] for r in rows)]
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
    shown = ("seq", "block", "event", "who", "text")
    say(pages.table([[r[c] for c in shown] for r in rows], shown))


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
    for key in ("submissions", "records", "heads_held", "struck"):
        say(f"{key.replace('_', ' ')}: {found[key]}")
    say(f"built upon by submissions: {found['built_upon_by'] or '-'}")
    said = [found[f"{what}_{way}"] for what in _VOICES for way in ("given", "received")]
    say("reviews: {} given, {} received; endorsements: {} given, {} received".format(*said))
    shown = ["id", "step", "status", "before", "score", "improvement"]
    shown += ["said"] if any(r["said"] for r in found["entries"]) else []
    say(pages.table([[r[c] for c in shown] for r in found["entries"]], shown))

"""Readers of the ledger: board, log, profile."""

from __future__ import annotations

from typing import Annotated

import typer

from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import UnknownNameError

_VOICES = ("reviews", "endorsements")


def board(
    name: Annotated[str, typer.Argument(metavar="CHALLENGE[/STEP]")],
    as_json: Json = False,
    best: Annotated[int, typer.Option(min=1, help="How many submissions of each step.")] = 50,
) -> None:
    """Show submissions and scores, the record of each step first.

    Example: coopt board movielens/bias
    """
    from coopt_dag.cli import indexed, wiring
    from coopt_dag.report import indexed as reports
    from coopt_dag.report.board import table
    from coopt_dag.report.metrics import board_notes

    workspace = wiring.here()
    challenge, _, step = name.partition("/")
    with indexed.pages(workspace) as (pages, now):
        known = [] if pages is None else pages.challenges()
        if pages is None or challenge not in known:
            hint = f"coopt challenge register {challenge}"
            raise UnknownNameError("challenge on the ledger", challenge, known, hint=hint)
        steps = pages.steps(challenge)
        if step and step not in steps:
            raise UnknownNameError("step", step, steps)
        rows = reports.board(
            pages,
            challenge,
            step or None,
            name_of=wiring.namer(workspace),
            now=now,
            limit=best,
        )
    if as_json:
        put(rows)
        return
    shown = ["step", "id", "who", "status", "score", "improvement", "end_to_end", "now"]
    shown += ["metric"] if any(rules.metric_version for rules in steps.values()) else []
    shown += [c for c in ("standing", "said") if any(r[c] for r in rows)]
    say(table([[r[c] for c in shown] for r in rows], shown))
    for line in board_notes(challenge, {step: steps[step]} if step else steps):
        note(line)


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
    last: Annotated[int, typer.Option(min=1, help="How many submissions.")] = 50,
) -> None:
    """Show a person's track record.

    Example: coopt profile ada
    """
    from coopt_dag.cli import indexed, wiring
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.report import board as of_state
    from coopt_dag.report import indexed as reports

    workspace = wiring.here()
    address, name_of = wiring.address_of(workspace, who), wiring.namer(workspace)
    with indexed.pages(workspace) as (pages, _):
        found = (
            of_state.profile(LedgerState(), address, name_of=name_of)
            if pages is None
            else reports.profile(pages, address, name_of=name_of, limit=last)
        )
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
    say(of_state.table([[r[c] for c in shown] for r in found["entries"]], shown))

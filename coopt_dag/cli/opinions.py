"""`coopt show`, `coopt review`, `coopt endorse`: one submission, and what people say of it."""

from __future__ import annotations

from typing import Annotated

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.relays import told_as_signed
from coopt_dag.errors import UsageError

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a submission.")]


def show(number: Number, as_json: Json = False) -> None:
    """Tell everything of one submission: scores, evaluators, doubts, reviews, history.

    Example: coopt show 12
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation.disputes import submission_of
    from coopt_dag.ledger.state import project
    from coopt_dag.report.submission import page, text

    workspace = wiring.here()
    ledger = wiring.ledger(workspace, write=False)
    events = ledger.events()
    state = project(events)
    submission_of(state, number)
    shown = page(state, events, number, name_of=wiring.namer(workspace), now=now(ledger))
    if as_json:
        put(shown)
    else:
        say(text(shown))


def review(
    number: Number,
    reproduced: Annotated[
        str | None, typer.Option(metavar="FILE_OR_CID", help="You ran it and got the same.")
    ] = None,
    concern: Annotated[
        str | None, typer.Option(metavar="FILE_OR_CID", help="Something is wrong with it.")
    ] = None,
    comment: Annotated[
        str | None, typer.Option(metavar="FILE_OR_CID", help="Anything else.")
    ] = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Say what you found in another's submission; it moves no score and no credit.

    Example: coopt review 12 --reproduced report.md
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import opinions
    from coopt_dag.evaluation.papers import paper

    given = {"reproduced": reproduced, "concern": concern, "comment": comment}
    chosen = {opinion: named for opinion, named in given.items() if named is not None}
    if len(chosen) != 1:
        raise UsageError(
            "a review is one of --reproduced, --concern, --comment",
            hint="each takes the file in which you say it",
        )
    ((opinion, named),) = chosen.items()
    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    cid = paper(desk, named)
    receipt = opinions.review(desk, number, opinion, cid)
    if as_json:
        put({"id": number, "opinion": opinion, "review_cid": cid, "tx_hash": receipt.tx_hash})
        return
    if told_as_signed(receipt):
        return
    say(f"submission {number}: {opinion}, {cid}\ntransaction {receipt.tx_hash}")
    if opinion == "concern" and desk.state().submissions[number].status == "record":
        note(f"where a score is wrong: coopt dispute open {number} --evidence {cid}")


def endorse(
    number: Number,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Stand behind another's submission, once; it moves no score and no credit.

    Example: coopt endorse 12
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import opinions

    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    receipt = opinions.endorse(desk, number)
    if as_json:
        put({"id": number, "tx_hash": receipt.tx_hash})
    elif not told_as_signed(receipt):
        say(f"you stand behind submission {number}, transaction {receipt.tx_hash}")

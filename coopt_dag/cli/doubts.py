"""`coopt dispute`: doubt a record, vote on a doubt, end a vote."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import As, Json, PassphraseFile, Report, SignTo, verdict
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.relays import told_as_signed

if TYPE_CHECKING:
    from coopt_dag.evaluation.ballots import Cast
    from coopt_dag.ledger.state import LedgerState

app = typer.Typer(
    help="Doubts about scores, decided by the other evaluators.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a submission.")]


@app.command("open")
def open_(
    number: Number,
    evidence: Annotated[
        str, typer.Option(metavar="FILE_OR_CID", help="What is wrong, so that others can see it.")
    ],
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Dispute a record; the challenge's bond is sent along, and lost if the doubt is unfounded.

    Example: coopt dispute open 12 --evidence report.md
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation import disputes
    from coopt_dag.evaluation.papers import paper
    from coopt_dag.model.moment import from_seconds

    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    present = now(desk.ledger)
    bond_wei = disputes.price(desk, number, now=present)
    note(f"submission {number}: {disputes.terms(desk.state(), number)}")
    cid = paper(desk, evidence)
    receipt = disputes.dispute(desk, number, cid, now=present)
    made = desk.state().disputes.get(number)  # none while it is only signed
    if as_json:
        told = {"id": number, "bond_wei": bond_wei, "evidence_cid": cid}
        put(told | {"vote_by": made and made.vote_by, "tx_hash": receipt.tx_hash})
        return
    if told_as_signed(receipt) or made is None:
        return
    say(f"submission {number} is disputed; the evaluators vote until {from_seconds(made.vote_by)}")
    say(f"evidence {cid}\ntransaction {receipt.tx_hash}")
    note(f"next: an evaluator runs coopt dispute vote {number}")


@app.command("vote")
def vote(
    number: Number,
    upheld: Annotated[
        bool | None,
        typer.Option("--upheld/--rejected", help="The score is wrong / the score stands."),
    ] = None,
    report: Report = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Sign a vote on a doubt; the last one that is needed brings them all to the ledger.

    Votes count together only if they name the same report: the first evaluator writes one,
    the others read it and join it.

    Example: coopt dispute vote 12 --upheld --report found.md
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation import ballots
    from coopt_dag.evaluation.papers import paper

    choice = verdict(upheld)
    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    present = now(desk.ledger)
    if report is None:
        cid = ballots.report_of(desk, number, upheld=choice, now=present)
        note(f"joins the report {cid}")
    else:
        cid = paper(desk, report)
    cast = ballots.vote(desk, number, upheld=choice, report_cid=cid, now=present)
    if as_json:
        put(asdict(cast) | {"missing": cast.missing})
    else:
        _tell(cast)


def _tell(cast: Cast) -> None:
    from coopt_dag.ledger.signing import QUEUED

    how = "upheld" if cast.upheld else "rejected"
    if cast.tx_hash == QUEUED:
        say(f"submission {cast.submission_id}: {cast.given} votes for '{how}' wait for a relay")
        note("next: coopt relay FOLDER")
        return
    if cast.tx_hash:
        say(f"submission {cast.submission_id}: the doubt is {how}, by {cast.given} votes")
        say(f"report {cast.report_cid}\ntransaction {cast.tx_hash}")
        if cast.bond_wei:
            whose = "the disputer" if cast.upheld else "the author"
            note(f"the bond is owed to {whose}, who fetches it by coopt withdraw")
        return
    say(f"voted '{how}': {cast.given} of {cast.needed} votes, {cast.missing} missing")
    say(f"report {cast.report_cid}")
    note(f"votes lie in {cast.folder}: other evaluators need the files that are in it")
    note(f"next: another evaluator runs coopt dispute vote {cast.submission_id} --{how}")


@app.command("lapse")
def lapse(
    number: Number,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """End a vote whose time is over without a majority; anybody may.

    A disputed record then stands and the bond goes back; where the evaluators themselves were
    too far apart, the submission is struck.

    Example: coopt dispute lapse 12
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import disputes

    workspace = wiring.here()
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    receipt = disputes.lapse(desk, number)
    status = desk.state().submissions[number].status
    if as_json:
        put({"id": number, "status": status, "tx_hash": receipt.tx_hash})
    elif not told_as_signed(receipt):
        say(f"submission {number}: the vote came to nothing, its status is '{status}'")


@app.command("list")
def list_(
    challenge: Annotated[
        str | None, typer.Argument(metavar="[CHALLENGE]", help="Only this challenge.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show doubts about scores, open and decided, and the votes that lie here.

    Example: coopt dispute list movielens
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.ledger.state import project
    from coopt_dag.model.moment import from_seconds
    from coopt_dag.report.board import table
    from coopt_dag.report.doubts import doubts

    workspace = wiring.here()
    desk = wiring.desk(workspace)
    name = wiring.namer(workspace)
    events = desk.ledger.events()
    state, present = project(events), now(desk.ledger) if events else 0
    rows = [
        row | _votes(desk, state, row, name, present)
        for row in doubts(events, challenge, name_of=name)
    ]
    if as_json:
        put(rows)
    elif not rows:
        say("nobody doubts a score")
    else:
        for row in rows:
            row["vote by"] = from_seconds(row["vote_by"])
        shown = ("id", "step", "by", "state", "vote by", "votes")
        say(table([[_vote_text(r) if c == "votes" else r[c] for c in shown] for r in rows], shown))


def _votes(
    desk: Any, state: LedgerState, row: dict[str, Any], name: Any, present: int
) -> dict[str, Any]:
    """Give the votes on an open doubt that lie in this workspace's folder."""
    from coopt_dag.evaluation import ballots

    if row["state"] != "open":
        return {"needed": None, "votes": []}
    tallies = ballots.tallies(desk, state, row["id"], now=present)
    return {
        "needed": ballots.needed(state, row["id"], now=present),
        "votes": [
            {"upheld": t.upheld, "report_cid": t.report_cid, "voters": [name(v) for v in t.voters]}
            for t in tallies
        ],
    }


def _vote_text(row: dict[str, Any]) -> str:
    if row["needed"] is None:
        return ""
    parts = [
        f"{len(v['voters'])} {'upheld' if v['upheld'] else 'rejected'} ({', '.join(v['voters'])})"
        for v in row["votes"]
    ]
    return f"{'; '.join(parts) or 'none'}; {row['needed']} needed"

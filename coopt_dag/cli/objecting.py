"""`coopt dispute settlement`: doubt a settlement, vote on the doubt, end the vote."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from coopt_dag.cli.options import As, ChallengeId, Json, PassphraseFile, Report, SignTo, verdict
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.relays import told_as_signed

Epoch = Annotated[int, typer.Option(min=0, metavar="N", help="Number of the settled epoch.")]


def settlement(
    challenge: ChallengeId,
    epoch: Epoch,
    evidence: Annotated[
        str,
        typer.Option(metavar="FILE_OR_CID", help="What is wrong, e.g. coopt verify's file."),
    ],
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Dispute a settlement before it is final; the bond is lost if the doubt is unfounded.

    Example: coopt dispute settlement movielens --epoch 1 --evidence divergence.json
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation import objections
    from coopt_dag.evaluation.papers import paper
    from coopt_dag.model.moment import from_seconds
    from coopt_dag.model.wei import from_wei

    desk = wiring.acting(wiring.here(), who, passphrase_file, sign_to)
    present = now(desk.ledger)
    bond_wei = objections.price(desk, challenge, epoch, now=present)
    if bond_wei:
        note(f"the bond is {from_wei(bond_wei)}: yours again unless the doubt proves unfounded")
    cid = paper(desk, evidence)
    receipt = objections.dispute(desk, challenge, epoch, cid, now=present)
    made = desk.state().settlements[challenge, epoch].dispute  # none while it is only signed
    vote_by = None if made is None else made.vote_by
    if as_json:
        told = {"challenge": challenge, "epoch": epoch, "bond_wei": bond_wei, "vote_by": vote_by}
        put(told | {"evidence_cid": cid, "tx_hash": receipt.tx_hash})
        return
    if told_as_signed(receipt) or vote_by is None:
        return
    say(f"the settlement of epoch {epoch} of {challenge} is disputed")
    say(f"evidence {cid}\ntransaction {receipt.tx_hash}")
    note(f"the other evaluators vote until {from_seconds(vote_by)}")
    note(f"next: one of them runs coopt dispute settlement-vote {challenge} --epoch {epoch}")


def settlement_vote(
    challenge: ChallengeId,
    epoch: Epoch,
    upheld: Annotated[
        bool | None,
        typer.Option("--upheld/--rejected", help="The settlement is wrong / it stands."),
    ] = None,
    report: Report = None,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Vote on a doubt about a settlement; the last vote that is needed brings them all.

    Neither who proposed it nor who disputes it votes.

    Example: coopt dispute settlement-vote movielens --epoch 1 --upheld --report found.md
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.clock import now
    from coopt_dag.evaluation import objections
    from coopt_dag.evaluation.papers import paper

    choice = verdict(upheld)
    desk = wiring.acting(wiring.here(), who, passphrase_file, sign_to)
    cid = None if report is None else paper(desk, report)
    cast = objections.vote(
        desk, challenge, epoch, upheld=choice, report_cid=cid, now=now(desk.ledger)
    )
    if as_json:
        put(asdict(cast))
        return
    how = "upheld" if choice else "rejected"
    say(f"voted '{how}': {cast.given} of {cast.needed} votes\nreport {cast.report_cid}")
    if cast.tx_hash:
        say(f"the doubt is {how}\ntransaction {cast.tx_hash}")
    else:
        note(f"votes lie in {cast.folder}: other evaluators need the files that are in it")


def settlement_lapse(
    challenge: ChallengeId,
    epoch: Epoch,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """End a vote on a settlement that came to nothing in time: it is struck; anybody may.

    Example: coopt dispute settlement-lapse movielens --epoch 1
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import objections

    desk = wiring.acting(wiring.here(), who, passphrase_file, sign_to)
    receipt = objections.lapse(desk, challenge, epoch)
    if as_json:
        put({"challenge": challenge, "epoch": epoch, "tx_hash": receipt.tx_hash})
    elif not told_as_signed(receipt):
        say(f"the settlement of epoch {epoch} of {challenge} is struck: nothing is paid in doubt")
        note(f"next: coopt settle {challenge} --epoch {epoch}")

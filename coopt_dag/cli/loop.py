"""The daily loop: register, claim, fork, check, submit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from coopt_dag.cli.options import (
    As,
    Cores,
    Json,
    PassphraseFile,
    SignTo,
    Trust,
    WeakCage,
    level,
)
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.relays import told_as_signed
from coopt_dag.errors import UsageError

StepName = Annotated[str, typer.Argument(metavar="CHALLENGE/STEP", help="e.g. movielens/bias")]
Folder = Annotated[Path, typer.Argument(metavar="PATH", help="Folder of a solution.")]
CORES = max(1, min(os.cpu_count() or 1, 8))


def register(
    challenge: Annotated[str, typer.Argument(help="Id of a challenge here.")],
    evaluator: Annotated[
        list[str] | None, typer.Option(help="Name or address that may score; repeat for more.")
    ] = None,
    cores: Cores = CORES,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Open a challenge on the ledger and score its baselines.

    Example: coopt challenge register movielens
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.register import register as put_on_ledger
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    loaded = load_challenge(workspace, challenge)
    evaluators = tuple(wiring.address_of(workspace, e) for e in evaluator or ())
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    verdicts = put_on_ledger(desk, loaded, evaluators=evaluators, cores=cores, tell=note)
    if as_json:
        put([v.to_json() for v in verdicts])
    else:
        scored = sum(v.status != "pending" for v in verdicts)
        say(f"{challenge}: on the ledger, {scored} baselines scored")
        if scored < len(verdicts):
            note(f"{len(verdicts) - scored} wait for the other evaluators: coopt evaluate, as each")


def claim(
    name: StepName,
    days: Annotated[float, typer.Option(help="How long; at most 30 days.")] = 7,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
) -> None:
    """Take or renew a lease on a step.

    Example: coopt claim movielens/bias --days 3
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import submit as offering

    workspace = wiring.here()
    challenge, step = offering.split_name(name)
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    receipt = offering.claim(desk, challenge, step, days=days)
    if told_as_signed(receipt):
        return
    say(f"claimed {name} for {days:g} days, transaction {receipt.tx_hash}")
    note(f"next: coopt fork {name} MY_IDEA")


def fork(
    source: Annotated[str, typer.Argument(metavar="CHALLENGE/STEP[@SOLUTION]")],
    name: Annotated[str, typer.Argument(help="Id of the new solution.")],
    author: Annotated[str, typer.Option(help="Who you are, for solution.yaml.")] = "",
) -> None:
    """Copy a solution (the record, unless @SOLUTION names another) to improve on it.

    Example: coopt fork movielens/bias@baseline my_idea
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import submit as offering
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    place, _, origin = source.partition("@")
    challenge, step = offering.split_name(place)
    made = offering.fork(
        wiring.desk(workspace),
        load_challenge(workspace, challenge),
        step,
        source=origin or None,
        name=name,
        author=author or os.environ.get("USER", "anonymous"),
    )
    shown = made.relative_to(workspace.root)
    say(str(shown))
    note(f"next: edit it, then coopt check {shown}")


def check(
    folder: Folder,
    i_trust_this_code: Trust = False,
    weak_cage: WeakCage = False,
    cores: Cores = CORES,
    as_json: Json = False,
) -> None:
    """Score a solution on public data, beside baseline and record.

    Example: coopt check steps/movielens/bias/solutions/my_idea
    """
    from coopt_dag.cli import wiring
    from coopt_dag.cli.progress import shown
    from coopt_dag.evaluation.check import check as compare
    from coopt_dag.report.board import table
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    loaded = load_challenge(workspace, challenge_of(workspace.steps_dir, folder))
    with shown() as listener:
        found = compare(
            wiring.desk(workspace),
            loaded,
            folder,
            cores=cores,
            listener=listener,
            cage=level(i_trust_this_code, weak_cage),
        )
    if as_json:
        rows = [
            {"who": x.who, "score": x.step_score, "end_to_end": x.end_to_end, "gain": x.gain}
            for x in found.lines
        ]
        put(
            {
                "step": found.step,
                "split": found.split,
                "metric": found.metric,
                "lines": rows,
                "believed": found.believed,
            }
        )
        return
    say(f"{found.step}: {found.metric} [{found.unit}], {found.direction}, split {found.split}")
    lines = [(x.who, x.step_score, x.end_to_end, x.gain) for x in found.lines]
    say(table(lines, ("solution", found.metric, "end to end", "candidate's gain")))
    if found.believed:
        note(f"{found.believed} nodes were believed, not run here (coopt reuse)")
    verdict = "would be a record" if found.would_be_record else "would not be a record"
    say(f"{verdict} on these data (needs a gain above {found.min_delta:g} {found.unit})")


def challenge_of(steps: Path, folder: Path) -> str:
    """Tell from a path which challenge it belongs to."""
    if not folder.is_dir():
        raise UsageError("there is no such folder", path=folder, hint="coopt fork makes one")
    try:
        return folder.resolve().relative_to(steps.resolve()).parts[0]
    except (ValueError, IndexError):
        raise UsageError(
            "lies in no challenge of this workspace",
            path=folder,
            hint=f"put it into {steps.name}/<challenge>/<step>/solutions/",
        ) from None


def submit(
    folder: Folder,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Publish a solution and offer it for its step.

    Example: coopt submit steps/movielens/bias/solutions/my_idea
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import submit as offering
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    loaded = load_challenge(workspace, challenge_of(workspace.steps_dir, folder))
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    cid, receipt = offering.submit(desk, loaded, folder)
    if not as_json and (signed := told_as_signed(receipt)):
        if signed.startswith("Commit"):
            note("once it is relayed, run this command again: it signs the reveal")
        return
    if as_json:
        put({"solution_cid": cid, "tx_hash": receipt.tx_hash, "profile": "unixfs-v1-2025"})
        return
    say(f"submitted {cid}\ntransaction {receipt.tx_hash}")
    note("next: an evaluator runs `coopt evaluate`; then see `coopt board`")

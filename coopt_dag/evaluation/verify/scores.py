"""Every record of an epoch once more, where it was judged, and compared with what was attested."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError, ScoreInvalidError
from coopt_dag.evaluation.outputs import open_split
from coopt_dag.evaluation.pipeline import run_plan
from coopt_dag.evaluation.published import in_force
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.content import report_of, scored_in
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.same import first_difference
from coopt_dag.evaluation.verify.task import is_near
from coopt_dag.execution.harness.job import MANIFEST, SCORE_FILE, folder_of
from coopt_dag.execution.outcome import preview
from coopt_dag.execution.planning import make_plan
from coopt_dag.execution.request import Request
from coopt_dag.execution.results import read_score
from coopt_dag.graph.keys import digest
from coopt_dag.model.wad import from_wad, to_wad
from coopt_dag.store.folders import fetch_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from coopt_dag.evaluation.verify.hidden import Data
    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.ledger.events import Scored
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge

_UNION = ("nodes", "solutions", "data", "environments")
_ABOUT_RUN = frozenset({MANIFEST})


@dataclass(frozen=True, slots=True)
class Rerun:
    """A record with the plan of the pipeline that it was judged in."""

    event: Scored
    challenge: LoadedChallenge
    plan: Mapping[str, Any]
    epoch: int
    """Of the seal that was the latest when it was judged."""

    def pipeline(self, split: str) -> Mapping[str, Any] | None:
        """Give the plan's pipeline on a split."""
        return next((p for p in self.plan["pipelines"] if p["split"] == split), None)


def check_scores(
    task: Task, data: Data, *, sample: int | None = None, rng: Random
) -> Iterator[Divergence]:
    """Run the epoch's records again, or some of them, and compare every score.

    Parameters
    ----------
    sample
        So many records, chosen by `rng`; None = all.
    """
    events = scored_in(task)
    if sample is not None and sample < len(events):
        events = sorted(rng.sample(events, sample), key=lambda e: e.seq)
    if not data.has(data.challenge.spec.end_to_end.record_split):
        if events:
            numbers = ", ".join(str(e.submission_id) for e in events)
            task.lacks(f"scores of submissions {numbers}", "the data that judged them are not here")
        return
    reruns = [_planned(task, data, event) for event in events]
    run_together(task, [one.plan for one in reruns])
    for one in reruns:
        yield from _compare(task, one)
        yield from _compare_outputs(task, one)


def _planned(task: Task, data: Data, event: Scored) -> Rerun:
    state = task.before(event.seq)
    challenge = in_force(task.desk, state, data.challenge)
    candidate = task.desk.solution(state.submissions[event.submission_id].solution_cid)
    pipeline = task.desk.record_pipeline(challenge, state) | {event.step: candidate}
    splits = [challenge.spec.end_to_end.record_split]
    public = open_split(challenge)
    if public is not None and data.has(public):
        splits.append(public)
    elif public is not None:
        task.lacks(f"outputs on the split '{public}'", "its data are not here")
    plan = make_plan(
        *(task.desk.workspace, challenge),
        Request(task.name, splits=tuple(dict.fromkeys(splits))),
        overrides=pipeline,
        data_dir=data.folder,
    )
    return Rerun(event, challenge, plan, state.epoch(task.name))


def run_together(task: Task, plans: Sequence[Mapping[str, Any]]) -> None:
    """Run plans as few at a time as one can hold: those that judge by the same metrics."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for plan in plans:
        words = [plan[name] for name in ("metrics", "steps", "types")]
        groups.setdefault(json.dumps(words, sort_keys=True), []).append(plan)
    for group in groups.values():
        run_again(task, merged(group))


def merged(plans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give one plan with the nodes of all, so that what they share runs once and all at a time."""
    whole = dict(plans[0])
    for name in _UNION:
        whole[name] = {key: value for plan in plans for key, value in plan[name].items()}
    whole["pipelines"] = [p for plan in plans for p in plan["pipelines"]]
    whole["digest"] = digest([plan["digest"] for plan in plans])
    return whole


def run_again(task: Task, plan: Mapping[str, Any]) -> None:
    """Run what is not there yet; a node that fails leaves no score, which is told later."""
    root = task.desk.workspace.root
    before = preview(plan, root)
    due = before.executed + before.scored
    if due:
        task.tell(f"{due} nodes to run")
    try:
        run_plan(task.desk.workspace, plan, cores=task.cores, listener=task.listener)
    except (NodeFailedError, ScoreInvalidError) as error:
        task.tell(f"a node failed: {error}")
    after = preview(plan, root)
    task.counts.nodes_run += due - after.executed - after.scored


def _compare(task: Task, one: Rerun) -> Iterator[Divergence]:
    event, spec = one.event, one.challenge.spec
    found = one.pipeline(spec.end_to_end.record_split)
    assert found is not None  # noqa: S101  # it was planned
    step, whole = one.challenge.steps[event.step].spec.metric, spec.end_to_end.metric
    pairs = (
        ("score_wad", event.score_wad, found["scores"][event.step], step),
        ("e2e_score_wad", event.e2e_score_wad, found["end_to_end"], whole),
    )
    for field, attested, key, metric in pairs:
        yield from _compare_one(task, one, field, attested, score_at(task, one.plan, key), metric)


def score_at(task: Task, plan: Mapping[str, Any], key: str) -> int | None:
    """Give a score node's value; None if it did not come to one."""
    root = task.desk.workspace.root
    if not (root / folder_of(plan, key) / SCORE_FILE).is_file():
        return None
    return to_wad(read_score(plan, root, key)["value"])


def _compare_one(
    task: Task, one: Rerun, field: str, attested: int, run: int | None, metric: Metric
) -> Iterator[Divergence]:
    number = one.event.submission_id
    where = f"submission {number} ('{one.event.step}'), {field}"
    if run is None:
        yield Divergence(
            *(kinds.CHANGED_SCORE, where, "no score: its code fails here", from_wad(attested)),
            "it has a score on the ledger, and does not run",
            submission=number,
        )
        return
    if not is_near(attested, run, metric):
        if one.epoch != task.epoch:
            why = f"it was judged after seal {one.epoch}, perhaps by other data"
            task.lacks(where, why)
            return
        yield Divergence(
            *(kinds.CHANGED_SCORE, where, from_wad(run), from_wad(attested)),
            f"{one.event.actor} attested another score than the run gives",
            submission=number,
        )
    task.counts.compared(attested, run)


def _compare_outputs(task: Task, one: Rerun) -> Iterator[Divergence]:
    """Compare the published outputs with those of the run here."""
    number = one.event.submission_id
    report = report_of(task, number, one.event.report_cid)
    for step, output in sorted((report or {}).get("outputs", {}).items()):
        pipeline = one.pipeline(output["split"])
        if pipeline is None or step not in pipeline["nodes"]:
            continue
        place = task.desk.content(output["cid"])
        place.parent.mkdir(parents=True, exist_ok=True)
        fetch_path(task.desk.store, output["cid"], place)
        mine = task.desk.workspace.root / folder_of(one.plan, pipeline["nodes"][step])
        differs = first_difference(mine, place, ignore=_ABOUT_RUN)
        task.counts.outputs_compared += 1
        if differs:
            yield Divergence(
                kinds.TAMPERED_ARTIFACT,
                f"published output of '{step}' in the record of submission {number}, "
                f"{output['cid']}",
                f"{differs} as it is when run here",
                "another content",
                "what was published as its output is not what it gives",
                submission=number,
            )

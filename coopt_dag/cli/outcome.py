"""How a run is told: counts, scores, constraints; as text or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.cli.printing import note, put, say
from coopt_dag.report.board import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.execution.outcome import Outcome


def show_outcome(
    plan: Mapping[str, Any], outcome: Outcome, *, dry_run: bool, scored: bool, as_json: bool
) -> None:
    """Print what a run did, or would do."""
    for damage in outcome.damaged:
        note(f"{damage.path}: {damage.reason}; {'would run' if dry_run else 'ran'} again")
    if outcome.believed:
        note(f"{outcome.believed} nodes were believed, not run here (coopt reuse)")
    if outcome.uncaged:
        note(f"{outcome.uncaged} nodes ran without a cage (--i-trust-this-code): no record")
    if as_json:
        put(
            {
                "believed": outcome.believed,
                "uncaged": outcome.uncaged,
                "executed": outcome.executed,
                "reused": outcome.reused,
                "scored": outcome.scored,
                "scores_reused": outcome.scores_reused,
                "damaged": [d.path for d in outcome.damaged],
                "dry_run": dry_run,
                "results": plan["results"],
                "document": outcome.document,
            }
        )
        return
    would = "would execute" if dry_run else "executed"
    say(
        f"{plan['challenge']}: {would} {outcome.executed}, reused {outcome.reused} nodes; "
        f"scores: {outcome.scored} new, {outcome.scores_reused} reused"
    )
    if not dry_run and scored:
        _show(outcome.document)
        say(f"written: {plan['results']}")


def _show(document: dict[str, Any]) -> None:
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
        of = "" if bound["step"] is None else f" of {bound['step']}"
        low = "" if bound["at_least"] is None else f"{bound['at_least']:g} <= "
        high = "" if bound["at_most"] is None else f" <= {bound['at_most']:g}"
        say(f"constraint {bound['id']}{of}: {low}{bound['value']:.6g}{high} {kept}")


def _show_grid(pipelines: list[dict[str, Any]]) -> None:
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

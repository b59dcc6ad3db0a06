"""From score nodes to one results document a run, written only when the run is whole."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ScoreInvalidError, near
from coopt_dag.execution.harness.job import SCORE_FILE, folder_of

if TYPE_CHECKING:
    from collections.abc import Mapping


MARKERS = "results"
"""Folder of the private state that tells for which plan each results document was written."""


def read_score(plan: Mapping[str, Any], root: Path, key: str) -> dict[str, Any]:
    """Read a score document of the store."""
    text = (root / folder_of(plan, key) / SCORE_FILE).read_text(encoding="utf-8")
    return dict(json.loads(text))


def collect(plan: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Gather the scores of every pipeline; the same plan always gives the same document."""
    pipelines: dict[str, dict[str, Any]] = {}
    for pipeline in plan["pipelines"]:
        name = ",".join(f"{s}={v}" for s, v in sorted(pipeline["selection"].items()))
        entry = pipelines.setdefault(name, {"selection": pipeline["selection"], "splits": {}})
        found: dict[str, Any] = {"nodes": pipeline["nodes"]}
        if pipeline["end_to_end"]:
            found["steps"] = {
                step: _short(read_score(plan, root, key))
                for step, key in pipeline["scores"].items()
            }
            found["end_to_end"] = _short(read_score(plan, root, pipeline["end_to_end"]))
        entry["splits"][pipeline["split"]] = found
    for entry in pipelines.values():
        entry["constraints"] = _constraints(plan["constraints"], entry["splits"])
    return {
        "schema": "coopt/results/1",
        "challenge": plan["challenge"],
        "plan": plan["digest"],
        "pipelines": list(pipelines.values()),
    }


def _short(score: Mapping[str, Any]) -> dict[str, Any]:
    return {k: score[k] for k in ("metric", "unit", "direction", "value", "values")}


def _constraints(
    constraints: list[dict[str, Any]], splits: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Check each constraint whose splits were run."""
    checked = []
    for constraint in constraints:
        names = [n for n in (constraint["split"], constraint["against"]) if n]
        scores = [_judged(splits.get(n, {}), constraint["step"]) for n in names]
        if not all(scores):
            continue
        values = [_value(constraint, score) for score in scores]
        value = abs(values[0] - values[1]) if len(values) == 2 else values[0]
        low, high = constraint["at_least"], constraint["at_most"]
        kept = (low is None or value >= low) and (high is None or value <= high)
        checked.append(
            {
                "id": constraint["id"],
                "step": constraint["step"],
                "value": value,
                "at_least": low,
                "at_most": high,
                "kept": kept,
            }
        )
    return checked


def _judged(found: Mapping[str, Any], step: str | None) -> Mapping[str, Any]:
    """Give the score of the whole, or of a step; empty if it was not asked for on this split."""
    scores = found.get("end_to_end") if step is None else found.get("steps", {}).get(step)
    return scores or {}


def _value(constraint: Mapping[str, Any], score: Mapping[str, Any]) -> float:
    name = constraint["value"]
    if name not in score["values"]:
        raise ScoreInvalidError(
            f"constraint '{constraint['id']}' bounds '{name}', which metric '{score['metric']}' "
            "does not return",
            hint=near(name, score["values"]),
        )
    return float(score["values"][name])


def marker_of(plan: Mapping[str, Any]) -> str:
    """Give the file that tells which plan the results document was written for."""
    folder = Path(plan["results"]).relative_to(Path(plan["results"]).parts[0]).with_suffix("")
    return f"{plan['state']}/{MARKERS}/{folder.as_posix()}/{plan['digest']}"


def write(plan: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Collect and write the results document atomically, and mark which plan it answers."""
    document = collect(plan, root)
    path, marker = root / plan["results"], root / marker_of(plan)
    _replace(path, json.dumps(document, sort_keys=True, indent=1) + "\n")
    marker.parent.mkdir(parents=True, exist_ok=True)
    for other in marker.parent.iterdir():
        if other.is_file() and other != marker:
            other.unlink()  # an older plan's results are no longer what the file holds
    marker.touch()
    return document


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


if __name__ == "__main__":
    workspace = Path(sys.argv[1])
    write(json.loads((workspace / sys.argv[2]).read_text(encoding="utf-8")), workspace)

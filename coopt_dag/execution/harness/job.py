"""One node's order: everything that a worker must know, taken out of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Level = Literal["strong", "weak", "none"]
"""How a run is caged, as its manifest tells; only strong ones earn a record."""
MANIFEST = "manifest.json"
SCORE_FILE = "score.json"


def folder_of(plan: Mapping[str, Any], key: str) -> str:
    """Give the folder of a node, relative to the workspace.

    A plan may say of some keys that they lie in another store, `elsewhere`.
    """
    node = plan["nodes"][key]
    room = f"{node['metric']}.score" if node.get("metric") else node["step"]
    store = plan.get("elsewhere", {}).get(key, plan["store"])
    return f"{store}/{room}/{key}"


def expand(plan: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Give the order for one node: code, typed inputs with their paths, outputs, limits."""
    node = plan["nodes"][key]
    order = {
        "key": key,
        "folder": folder_of(plan, key),
        "challenge": plan["challenge"],
        "harness": plan["harness"],
        "state": plan["state"],
        "library": plan["library"],
        "stage": f"{plan['store']}/.stage/{key}",
        "seed": int(key[:16], 16),
        "upstream": [k for k, _ in node["sources"] if k],
    }
    return order | (_score(plan, node) if node.get("metric") else _step(plan, node))


def _source(plan: Mapping[str, Any], source: list[str]) -> str:
    key, name = source
    if not key:
        return str(plan["data"][name])
    step = plan["steps"][plan["nodes"][key]["step"]]
    return f"{folder_of(plan, key)}/{step['outputs'][name]['file']}"


def _step(plan: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    step, solution = plan["steps"][node["step"]], plan["solutions"][node["solution"]]
    ports = [(*port, False) for port in step["inputs"]]
    ports += [(*port, True) for port in solution["truths"]]
    return {
        "kind": "step",
        "step": node["step"],
        "solution": solution["id"],
        "code": solution["code"],
        "entry": solution["entry"],
        "params": solution["params"],
        "environment": solution["environment"],
        "wall_s": step["wall_s"],
        "cpu": step["cpu"],
        "mem_mb": step["mem_mb"],
        "disk_mb": step["disk_mb"],
        "inputs": [
            {"name": name, "type": plan["types"][type_], "path": _source(plan, source), "truth": t}
            for (name, type_, t), source in zip(ports, node["sources"], strict=True)
        ],
        "outputs": {
            name: {"type": plan["types"][out["type"]], "file": out["file"]}
            for name, out in step["outputs"].items()
        },
    }


def _score(plan: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    metric = plan["metrics"][node["metric"]]
    prediction, truth = node["sources"]
    return {
        "kind": "score",
        "step": node["step"],
        "solution": "",
        "code": metric["code"],
        "metric": metric["spec"],
        "label": node["metric"],
        "environment": metric["environment"],
        "wall_s": metric["wall_s"],
        "cpu": 1,
        "mem_mb": metric["mem_mb"],
        "disk_mb": metric["disk_mb"],
        "inputs": [
            {
                "name": "prediction",
                "type": plan["types"][metric["prediction_type"]],
                "path": _source(plan, prediction),
            },
            {
                "name": "truth",
                "type": plan["types"][metric["truth_type"]],
                "path": _source(plan, truth),
            },
        ],
        "outputs": {},
    }

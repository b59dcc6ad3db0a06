"""What a run did, and the look that tells whether there is anything to do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.execution import results
from coopt_dag.execution.believed import count_believed
from coopt_dag.execution.nodes import Damage, Inventory, take_inventory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of nodes (steps and scores apart), what was found broken, and the results."""

    executed: int
    reused: int
    scored: int
    scores_reused: int
    damaged: tuple[Damage, ...]
    document: dict[str, Any]
    believed: int = 0
    """Nodes among the reused that somebody else ran (`coopt reuse`)."""
    uncaged: int = 0
    """Nodes of the plan that ran with all rights of their user; no record comes of them."""


def outcome_of(
    plan: Mapping[str, Any],
    root: Path,
    inventory: Inventory,
    document: dict[str, Any],
    *,
    cage: Level = "strong",
) -> Outcome:
    """Count what was missing and what was there; what was missing ran in `cage`."""
    ran_uncaged = len(inventory.missing) if cage != "strong" else 0
    executed, scored = _count(plan, inventory.missing)
    reused, scores_reused = _count(plan, inventory.present)
    return Outcome(
        executed,
        reused,
        scored,
        scores_reused,
        inventory.damaged,
        document,
        believed=count_believed(plan, root),
        uncaged=len(inventory.uncaged) + ran_uncaged,
    )


def _count(plan: Mapping[str, Any], keys: frozenset[str]) -> tuple[int, int]:
    scores = sum(1 for k in keys if plan["nodes"][k]["metric"])
    return len(keys) - scores, scores


def preview(plan: Mapping[str, Any], root: Path) -> Outcome:
    """Tell what a run would do, and do nothing."""
    return outcome_of(plan, root, take_inventory(plan, root, repair=False), {})


def finished(plan: Mapping[str, Any], root: Path) -> Outcome | None:
    """Give the outcome of a run that has nothing to do; None if it has."""
    document = written(plan, root)
    if document is None:
        return None
    inventory = take_inventory(plan, root, repair=False)
    if inventory.missing:
        return None
    return outcome_of(plan, root, inventory, document)


def written(plan: Mapping[str, Any], root: Path) -> dict[str, Any] | None:
    """Give the results document if the file answers this very plan."""
    path = root / plan["results"]
    if (root / results.marker_of(plan)).is_file() and path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return None

"""Versions of metrics as rows and words: what is in force, and how two boards differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.model.wad import from_wad
from coopt_dag.report.board import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopt_dag.ledger.state import StepEntry
    from coopt_dag.ledger.versions import MetricVersion

SHOWN_SWAPS = 10


def version_rows(step: str, versions: Sequence[MetricVersion]) -> list[dict[str, Any]]:
    """Give a step's metric versions as rows, the first one first."""
    active = [v.number for v in versions if not v.is_announced]
    rows = []
    for version in versions:
        state = "announced" if version.is_announced else "replaced"
        rows.append(
            {
                "step": step,
                "version": version.number,
                "state": "in force" if version.number == active[-1] else state,
                "since_epoch": version.since_epoch,
                "announced_in": version.announced_in,
                "direction": version.direction,
                "min_delta": from_wad(version.min_delta_wad),
                "tolerance": from_wad(version.tolerance_wad),
                "spec_cid": version.spec_cid,
            }
        )
    return rows


def version_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Lay versions out; of an announced one, `since` is the earliest epoch that it can have."""
    shown = ("step", "version", "state", "since", "direction", "min_delta", "tolerance", "spec_cid")
    lines = [[_since(r) if c == "since" else r[c] for c in shown] for r in rows]
    return table(lines, shown)


def _since(row: Mapping[str, Any]) -> str:
    if row["since_epoch"] is None:
        return f"not before epoch {row['announced_in'] + 1}"
    return f"epoch {row['since_epoch']}"


def board_notes(challenge: str, steps: Mapping[str, StepEntry]) -> list[str]:
    """Say below a board which scores are of which metric; nothing where there is one only.

    >>> from coopt_dag.ledger.state import StepEntry
    >>> board_notes("tiny", {"add": StepEntry("cid", "minimise", 0, 0)})
    []
    >>> for line in board_notes("tiny", {"add": StepEntry("cid", "minimise", 0, 0, 0, 2, 3, True)}):
    ...     print(line)
    add: metric version 2 is in force; what an older one scored: coopt metric compare tiny/add
    add: the record is of an older metric; nothing is compared with it before coopt evaluate
    """
    lines = []
    for step, rules in steps.items():
        if rules.metric_version:
            lines.append(
                f"{step}: metric version {rules.metric_version} is in force; what an older one "
                f"scored: coopt metric compare {challenge}/{step}"
            )
        if rules.is_stale:
            lines.append(
                f"{step}: the record is of an older metric; nothing is compared with it before "
                "coopt evaluate"
            )
    return lines


def ranking_text(document: Mapping[str, Any]) -> str:
    """Give two boards side by side, their correlation, and whose order changed.

    Parameters
    ----------
    document
        From `coopt metric compare --json`.
    """
    old, new = document["old"], document["new"]
    names = [f"v{side['version']} {side['metric']}" for side in (old, new)]
    shown = ("id", "who", "status", "old_score", "old_place", "new_score", "new_place")
    rows = [[r[c] for c in shown] for r in document["rows"]]
    lines = [
        f"{document['challenge']}/{document['step']}, split {document['split']}",
        *(_side(side) for side in (old, new)),
        table(rows, ("id", "who", "status", names[0], "place", names[1], "place")),
        _agreement(document),
        *_swaps(document),
    ]
    return "\n".join(lines)


def _side(side: Mapping[str, Any]) -> str:
    state = ", announced" if side["announced"] else ""
    return (
        f"version {side['version']}{state}: {side['metric']} [{side['unit']}], {side['direction']}"
    )


def _agreement(document: Mapping[str, Any]) -> str:
    found = [document["spearman"], document["kendall"]]
    if None in found:
        return "rank correlation: not defined (fewer than two solutions, or all are equal)"
    return f"rank correlation: Spearman {found[0]:.3f}, Kendall {found[1]:.3f}"


def _swaps(document: Mapping[str, Any]) -> list[str]:
    who = {r["id"]: r["who"] for r in document["rows"]}
    swaps = document["swapped"]
    if not swaps:
        return ["no order changed"]
    lines = [
        f"{who[below]}'s {below} is above {who[above]}'s {above} now"
        for above, below in swaps[:SHOWN_SWAPS]
    ]
    more = len(swaps) - SHOWN_SWAPS
    return [*lines, f"and {more} other pairs"] if more > 0 else lines

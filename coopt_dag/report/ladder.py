"""The way from the score before an epoch to the one after it, version by version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from coopt_dag.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Table = Mapping[str, Any]
    Row = Mapping[str, Any]

Mark = Literal["", "worse", "no change", "overtaken", "partly overtaken"]


@dataclass(frozen=True, slots=True)
class Rung:
    """An adopted version: all numbers in 1e-9 / the table's `scale`, higher is better."""

    work: str
    account: str
    step: str
    raw: int
    before: int
    after: int
    mark: Mark


def work_name(work: str) -> str:
    """Give a work as people name it: a submission by its number.

    >>> work_name("00000007"), work_name("draft")
    ('#7', 'draft')
    """
    return f"#{int(work)}" if work.isascii() and work.isdigit() else work


def ends(table: Table) -> tuple[int, int]:
    """Give the scores of the first and the last configuration, in 1e-9, higher is better.

    Raises
    ------
    IntegrityError
        They are not scored, or are not the table's gain apart.
    """
    last = tuple(len(step["adopted"]) for step in table["inputs"]["steps"])
    scores = {tuple(row["levels"]): row["score"] for row in table["inputs"]["values"]}
    first = (0,) * len(last)
    if first not in scores or last not in scores:
        raise IntegrityError("the table lacks the score of the beginning or of the end")
    if scores[last] - scores[first] != table["result"]["gain"]:
        raise IntegrityError("the gain is not what the final score is above the first")
    return scores[first], scores[last]


def ladder(table: Table) -> tuple[Rung, ...]:
    """Give a rung for each adopted version, in the order of submissions; the last ends at the top.

    Raises
    ------
    IntegrityError
        The gains do not sum to the way from the first score to the last.
    """
    first, last = ends(table)
    scale = table["result"]["scale"]
    rungs, height = [], first * scale
    for row in _in_order(table):
        after = height + row["raw"]
        place = row["contribution"], row["account"], row["step"]
        rungs.append(Rung(*place, row["raw"], height, after, _mark(row)))
        height = after
    if height != last * scale:
        raise IntegrityError("the gains of all versions do not sum to the final score")
    return tuple(rungs)


def _in_order(table: Table) -> list[Row]:
    """Merge the steps' chains: each keeps its order of records, the smallest next number first."""
    rows = {r["contribution"]: r for r in table["result"]["rows"] if r["kind"] == "step"}
    chains: list[Sequence[str]] = [step["adopted"] for step in table["inputs"]["steps"]]
    at, found = [0] * len(chains), []
    while heads := [(c[at[i]], i) for i, c in enumerate(chains) if at[i] < len(c)]:
        work, i = min(heads)
        found.append(rows[work])
        at[i] += 1
    return found


def _mark(row: Row) -> Mark:
    if row["raw"] < 0:
        return "worse"
    if row["raw"] == 0:
        return "no change"
    if row["earned"] == 0:
        return "overtaken"
    return "partly overtaken" if row["earned"] < row["raw"] else ""

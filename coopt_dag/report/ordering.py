"""Is a challenge well posed: by each step's metric, oracle >= solutions, and all >= chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.model.metric import better_by
from coopt_dag.specs.draft import BASELINE, CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coopt_dag.model.metric import Metric

ORACLE, CHANCE = f"{CONTROL}oracle", f"{CONTROL}chance"


@dataclass(frozen=True, slots=True)
class Row:
    """A solution or control of a step, tried in a pipeline of which nothing else changed."""

    step: str
    solution: str
    score: float
    """By the step's own metric."""
    end_to_end: float


def in_order(names: Iterable[str]) -> list[str]:
    """Sort what a step has from the worst to the best that it should be.

    >>> in_order(["better", "@oracle", "baseline", "@chance"])
    ['@chance', 'baseline', 'better', '@oracle']
    """
    return sorted(names, key=lambda name: (_rank(name), name))


def disorder(metric: Metric, rows: Sequence[Row]) -> list[str]:
    """Tell which of a step's rows are not in order, by more than the metric's tolerance.

    A solution may be worse than the baseline, but none is better than the oracle or worse than
    chance.

    Examples
    --------
    >>> from coopt_dag.model.metric import Metric
    >>> mae = Metric(name="mae", unit="1", range=(0, 9), direction="minimise", prediction="p",
    ...              truth="t", summary="x")
    >>> disorder(mae, [Row("a", "@chance", 5, 5), Row("a", "baseline", 6, 5)])
    ['a: baseline (6) is worse than @chance (5)']
    """
    known = {row.solution: row for row in rows}
    found = []
    for row in rows:
        if row.solution.startswith(CONTROL):
            continue
        chance, oracle = known.get(CHANCE), known.get(ORACLE)
        if chance is not None and _worse(metric, row, chance):
            found.append(f"{row.step}: {_told(row)} is worse than {_told(chance)}")
        if oracle is not None and _worse(metric, oracle, row):
            found.append(f"{row.step}: {_told(row)} is better than {_told(oracle)}")
    return found


def _worse(metric: Metric, one: Row, other: Row) -> bool:
    return better_by(metric, before=one.score, after=other.score) > metric.tolerance


def _told(row: Row) -> str:
    return f"{row.solution} ({row.score:.6g})"


def _rank(name: str) -> int:
    return {CHANCE: 0, BASELINE: 1, ORACLE: 3}.get(name, 2)

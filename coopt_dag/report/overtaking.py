"""What became of a version's gain: what counts, what only repaired, what did not last."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fate:
    """Parts of a version's raw gain, in the table's units: they sum to it.

    `regained` had been reached before and was lost by `lost_by`; `given_up` is above where the
    step's `final` version stands.
    """

    counts: int
    regained: int
    given_up: int
    lost_by: Row | None = None
    final: Row | None = None

    def is_all(self, part: int) -> bool:
        """Tell whether a part is the whole gain."""
        return part == self.counts + self.regained + self.given_up


def fate_of(table: Mapping[str, Any], row: Row) -> Fate:
    """Say what became of the gain of a step's version; nothing did if there was none."""
    rows = [r for r in table["result"]["rows"] if (r["kind"], r["step"]) == ("step", row["step"])]
    at = [r["contribution"] for r in rows].index(row["contribution"])
    heights = list(accumulate((r["raw"] for r in rows), initial=0))
    before, after, reached = heights[at], heights[at + 1], max(heights[: at + 1])
    if after <= before:
        return Fate(0, 0, 0)
    regained = min(after, reached) - before
    counts = row["earned"]
    lost_by = next((r for r in reversed(rows[:at]) if r["raw"] < 0), None)
    return Fate(
        counts,
        regained,
        after - before - regained - counts,
        lost_by=lost_by if regained else None,
        final=rows[-1],
    )

"""The waterfall of a settlement as text: one bar for each adopted version, from first to final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.report.ladder import Rung, ends, ladder, work_name
from coopt_dag.report.measure import Measure, measure_of
from coopt_dag.report.payments import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.report.sentences import Namer

    Table = Mapping[str, Any]

WIDTH = 40
"""Cells of the bars."""
_BLOCKS = {"": "█", "partly overtaken": "▓", "overtaken": "░", "worse": "▒", "no change": "│"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a waterfall; `start` and `end` are in 1e-9 / scale, higher is better."""

    label: str
    value: str
    start: int
    end: int
    mark: str = ""
    is_end: bool = False
    """The first or the final score: it stands, while the others are steps between them."""


def bars(table: Table, name_of: Namer) -> tuple[Bar, ...]:
    """Give the first score, a bar for each version in order, and the final score.

    Each bar begins where the one before ended, and the last one ends at the final score exactly.
    """
    measure, scale = measure_of(table), table["result"]["scale"]
    first, last = (score * scale for score in ends(table))
    steps = [_bar(rung, measure, name_of) for rung in ladder(table)]
    return (
        Bar("before", measure.score(first), first, first, is_end=True),
        *steps,
        Bar("final", measure.score(last), last, last, is_end=True),
    )


def _bar(rung: Rung, measure: Measure, name_of: Namer) -> Bar:
    label = f"{rung.step} {work_name(rung.work)} {name_of(rung.account)}"
    told = -rung.raw if measure.is_loss else rung.raw
    sign = "+" if told > 0 and not measure.signed(told).startswith("-") else ""
    value = sign + measure.signed(told)
    return Bar(printable(label), value, rung.before, rung.after, rung.mark)


def reach(found: tuple[Bar, ...]) -> tuple[int, int]:
    """Give the lowest and the highest place of all bars; never the same."""
    places = [place for bar in found for place in (bar.start, bar.end)]
    return min(places), max(*places, min(places) + 1)


def waterfall(table: Table, name_of: Namer) -> str:
    """Draw the waterfall with blocks, to the right is better; marks say what earned nothing.

    >>> words = {"name": "auc", "unit": "1", "direction": "maximise"}
    >>> row = {"kind": "step", "contribution": "00000007", "account": "ann", "step": "bias",
    ...        "raw": 80_000_000, "earned": 80_000_000}
    >>> values = [{"levels": [0], "score": 700_000_000}, {"levels": [1], "score": 780_000_000}]
    >>> table = {"inputs": {"metric": words, "steps": [{"adopted": ["00000007"]}],
    ...                     "values": values},
    ...          "result": {"scale": 1, "gain": 80_000_000, "rows": [row]}}
    >>> print(waterfall(table, str))
    before        0.70000  │
    bias #7 ann  +0.08000  ████████████████████████████████████████
    final         0.78000                                          │
    """
    found = bars(table, name_of)
    span = reach(found)
    left = max(len(bar.label) for bar in found)
    right = max(len(bar.value) for bar in found)
    return "\n".join(
        f"{bar.label:<{left}}  {bar.value:>{right}}  {_drawn(bar, span)}".rstrip() for bar in found
    )


def _drawn(bar: Bar, span: tuple[int, int]) -> str:
    start, end = sorted((_cell(bar.start, span), _cell(bar.end, span)))
    if bar.is_end or bar.start == bar.end:
        return " " * start + "│" + (f"  {bar.mark}" if bar.mark else "")
    size = max(1, end - start)
    start = min(start, WIDTH - size)
    block = _BLOCKS[bar.mark] * size
    return " " * start + block + (f"  {bar.mark}" if bar.mark else "")


def _cell(place: int, span: tuple[int, int]) -> int:
    low, high = span
    return (2 * WIDTH * (place - low) + (high - low)) // (2 * (high - low))

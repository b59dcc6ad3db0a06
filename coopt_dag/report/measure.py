"""Gains and scores of a settlement in the metric's unit, rounded from exact whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEADING = 1000
"""The largest number of a table is told with four digits."""


def fixed(number: int, whole: int, *, digits: int) -> str:
    """Give the decimal text of a fraction with so many places, half to even, from whole numbers.

    >>> fixed(1, 8, digits=2), fixed(-3, 8, digits=2), fixed(7, 2, digits=0)
    ('0.12', '-0.38', '4')
    """
    places, rest = divmod(abs(number) * 10**digits, whole)
    places += 2 * rest > whole or (2 * rest == whole and places % 2 == 1)
    text = f"{places:0{digits + 1}d}"
    sign = "-" if number < 0 and places else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text


@dataclass(frozen=True, slots=True)
class Measure:
    """How a table's numbers read: whole numbers of 1e-9 / `scale`, higher is better."""

    name: str
    unit: str
    """Empty where the metric has none."""
    is_loss: bool
    scale: int
    digits: int

    def size(self, raw: int) -> str:
        """Give an amount without its sign; what is too small to be seen is said to be.

        >>> Measure("rmse", "stars", True, 1, 3).size(-31_400_000)
        '0.031'
        """
        if raw and not self._is_seen(raw):
            return f"less than {fixed(1, 10**self.digits, digits=self.digits)}"
        return self.signed(abs(raw))

    def signed(self, raw: int) -> str:
        """Give a gain with its sign, positive is better."""
        if not self._is_seen(raw):
            raw = 0
        return fixed(raw, self.scale * NANO, digits=self.digits)

    def score(self, height: int) -> str:
        """Give a score as the metric tells it: losses change their sign back."""
        return self.signed(-height if self.is_loss else height)

    def with_unit(self, text: str) -> str:
        """Give a number with the metric's unit."""
        return f"{text} {self.unit}" if self.unit else text

    def moved(self, raw: int) -> str:
        """Say which way a gain moves the metric.

        >>> Measure("rmse", "stars", True, 1, 3).moved(31_000_000)
        'lowered rmse'
        """
        return f"{'raised' if (raw > 0) is not self.is_loss else 'lowered'} {self.name}"

    def interval(self, low: int, high: int, *, is_worse: bool = False) -> str:
        """Give an interval in 1e-9; of a loss it is told as the loss."""
        ends = (-high, -low) if is_worse else (low, high)
        return "[{}, {}]".format(*(self.signed(end * self.scale) for end in ends))

    def _is_seen(self, raw: int) -> bool:
        return bool(2 * abs(raw) * 10**self.digits > self.scale * NANO)


def measure_of(table: Mapping[str, Any]) -> Measure:
    """Give the measure of a settlement's table, with digits for its largest gain.

    >>> words = {"name": "rmse", "unit": "stars", "direction": "minimise"}
    >>> result = {"scale": 2, "gain": 80_000_000, "rows": []}
    >>> measure_of({"inputs": {"metric": words}, "result": result}).digits
    5
    """
    metric, result = table["inputs"]["metric"], table["result"]
    scale, unit = result["scale"], metric["unit"]
    raw = [abs(row["raw"]) for row in result["rows"] if row["kind"] == "step"]
    most = max([scale * abs(result["gain"]), *raw])
    fitting = (n for n in range(9) if most * 10**n >= _LEADING * scale * NANO)
    return Measure(
        name=metric["name"],
        unit="" if unit == "1" else unit,
        is_loss=metric["direction"] == "minimise",
        scale=scale,
        digits=next(fitting, 9) if most else 3,
    )

"""Scores for settlement: whole numbers of 1e-9 of the metric's unit, higher is better."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from coopt_dag.errors import ScoreInvalidError

NANO = 10**9
MOST = 2**61
"""About 2.3e9 in the metric's unit: differences of two must fit into 64 bits."""


def to_nano(value: float, *, direction: str = "maximise") -> int:
    """Quantise a score once, by its shortest decimal text, half to even; losses change sign.

    Raises
    ------
    ScoreInvalidError
        Not finite, or beyond 2^61 units.

    Examples
    --------
    >>> to_nano(0.29), to_nano(1.25, direction="minimise")
    (290000000, -1250000000)
    """
    number = Decimal(str(value))
    if not number.is_finite():
        raise ScoreInvalidError(f"a score must be finite, got {value!r}")
    nano = int((number * NANO).to_integral_value(rounding=ROUND_HALF_EVEN))
    if abs(nano) > MOST:
        raise ScoreInvalidError(f"settlement takes scores up to 2.3e9 units, got {value!r}")
    return -nano if direction == "minimise" else nano


def from_nano(nano: int, *, digits: int = 9) -> str:
    """Give the decimal text, rounded half to even to `digits` places.

    >>> from_nano(-1_250_000_000), from_nano(31_456_789, digits=4)
    ('-1.25', '0.0315')
    """
    places = Decimal(1).scaleb(-digits)
    text = f"{(Decimal(nano) / NANO).quantize(places, rounding=ROUND_HALF_EVEN):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"

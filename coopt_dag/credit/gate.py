"""The gate: is a score better than the head's by more than min_delta? Integers only."""

from __future__ import annotations


def improvement_wad(*, direction: str, before_wad: int, after_wad: int) -> int:
    """Gain of `after` over `before` in WAD; positive is better.

    >>> improvement_wad(direction="minimise", before_wad=10, after_wad=7)
    3
    """
    return before_wad - after_wad if direction == "minimise" else after_wad - before_wad


def is_record(
    *, direction: str, before_wad: int | None, after_wad: int, min_delta_wad: int
) -> bool:
    """Tell whether a score makes a record; the first score of a step always does.

    >>> is_record(direction="maximise", before_wad=10, after_wad=12, min_delta_wad=2)
    False
    """
    if before_wad is None:
        return True
    gain = improvement_wad(direction=direction, before_wad=before_wad, after_wad=after_wad)
    return gain > min_delta_wad

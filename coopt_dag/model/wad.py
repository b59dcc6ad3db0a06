"""Exact scores: a WAD is an integer in units of 1e-18, as contracts keep it (int128)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

from coopt_dag.errors import ScoreInvalidError

WAD = 10**18
_INT128_MAX = 2**127 - 1
_CONTEXT = Context(prec=120, rounding=ROUND_HALF_EVEN)


def to_wad(value: float | str | Decimal) -> int:
    """Quantise a score once, by its shortest decimal text, half to even.

    Parameters
    ----------
    value : float, str or Decimal
        A finite number in the metric's unit.

    Raises
    ------
    ScoreInvalidError
        NaN, infinite, or beyond int128 (about 1.7e20).

    Examples
    --------
    >>> to_wad(0.29)   # int(0.29 * 10**18) would give 289999999999999968
    290000000000000000
    """
    number = Decimal(str(value))
    if not number.is_finite():
        raise ScoreInvalidError(f"a score must be finite, got {value!r}")
    wad = int(_CONTEXT.to_integral_exact(_CONTEXT.multiply(number, Decimal(WAD))))
    if abs(wad) > _INT128_MAX:
        raise ScoreInvalidError(f"a score must fit into int128 (about 1.7e20), got {value!r}")
    return wad


def from_wad(wad: int) -> str:
    """Give the exact decimal text of a WAD.

    >>> from_wad(-1_250_000_000_000_000_000)
    '-1.25'
    """
    sign, digits = ("-" if wad < 0 else ""), abs(wad)
    whole, rest = divmod(digits, WAD)
    fraction = f"{rest:018d}".rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"

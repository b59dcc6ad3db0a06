"""Texts of units: `1`, or symbols with powers, multiplied and divided."""

from __future__ import annotations

import re

_FACTOR = re.compile(
    r"""
      1 (?! [\w.^] )                  # a pure number
    | (?: [^\W\d_] | [%°] )           # a symbol or a word: um, stars, mean_stars, °C, %
      [^\W\d]*
      (?: \^? -? \d+ (?: \.\d+ )?     # its power: m2, s^-1, Hz^0.5
        | \^ \( -? \d+ (?: /\d+ )? \)  # Hz^(1/2)
      )?
    """,
    re.VERBOSE,
)
_SIGN = re.compile(r"\s*[*/·]\s*")


def is_unit(text: str) -> bool:
    """Tell whether a text is a plain unit expression, so that everybody reads the same in it.

    A factor is `1` or a symbol with or without a power; factors are divided by ``/`` and
    multiplied by ``*`` or ``·``; round brackets group. A space does not multiply, for then
    "stars in all" would be a unit.

    >>> [is_unit(u) for u in ("1", "stars", "um/ns", "GeV^-1*mm2", "V/Hz^(1/2)", "um / (ns*K)")]
    [True, True, True, True, True, True]
    >>> [is_unit(u) for u in ("", "-", "stars in all", "2 um", "um//ns", "(um", "1e3", "[mm]")]
    [False, False, False, False, False, False, False, False]
    """
    end = _product(text, 0)
    return end == len(text)


def _product(text: str, start: int) -> int | None:
    """Give the end of the longest product at `start`; None if there is none."""
    end = _one(text, start)
    while end is not None:
        sign = _SIGN.match(text, end)
        after = None if sign is None else _one(text, sign.end())
        if after is None:
            return end
        end = after
    return None


def _one(text: str, start: int) -> int | None:
    """Give the end of a factor or of a product in brackets."""
    if text[start : start + 1] == "(":
        end = _product(text, start + 1)
        return end + 1 if end is not None and text[end : end + 1] == ")" else None
    found = _FACTOR.match(text, start)
    return None if found is None else found.end()

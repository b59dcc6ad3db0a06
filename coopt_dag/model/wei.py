"""Amounts of coin: whole wei inside, ETH or wei where people read and write."""

from __future__ import annotations

import re
from fractions import Fraction

from coopt_dag.errors import UsageError
from coopt_dag.model.wad import from_wad

_AMOUNT = re.compile(r"(\d{1,60}(?:\.\d{1,18})?)\s*(eth|gwei|wei)", re.ASCII | re.IGNORECASE)
_UNITS = {"eth": 10**18, "gwei": 10**9, "wei": 1}
_SMALLEST_IN_ETH = 10**12
"""Less than a millionth of one ETH is easier to read in wei."""


def to_wei(text: str) -> int:
    """Read an amount with its unit; there is no default, for a wrong one costs money.

    Raises
    ------
    UsageError
        There is no unit, or the amount is no whole number of wei.

    Examples
    --------
    >>> to_wei("0.05eth"), to_wei("30 wei")
    (50000000000000000, 30)
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"'{text}' is no amount of coin", hint="a number and its unit: 0.05eth, 20gwei or 7wei"
        )
    wei = Fraction(found[1]) * _UNITS[found[2].lower()]  # exact; a Decimal rounds at 28 digits
    if wei.denominator != 1:
        raise UsageError(f"'{text}' is no whole number of wei", hint="leave digits out")
    return int(wei)


def from_wei(wei: int) -> str:
    """Give an amount exactly, in the unit that reads best.

    >>> from_wei(50_000_000_000_000_000), from_wei(30), from_wei(0)
    ('0.05 ETH', '30 wei', '0 ETH')
    """
    return f"{wei} wei" if 0 < wei < _SMALLEST_IN_ETH else f"{from_wad(wei)} ETH"

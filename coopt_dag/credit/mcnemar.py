"""Exact one-sided McNemar test for losses that are right or wrong; whole numbers only.

References
----------
McNemar (1947), doi:10.1007/BF02295996; exact form: Fay (2010), doi:10.32614/RJ-2010-008.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb


def p_value(*, better: int, worse: int) -> Fraction:
    """Give the chance of at least `better` heads in `better + worse` tosses of a fair coin.

    Parameters
    ----------
    better, worse : int
        Examples that only the challenger, and that only the incumbent got right.

    Examples
    --------
    >>> p_value(better=5, worse=0), p_value(better=0, worse=5)
    (Fraction(1, 32), Fraction(1, 1))
    """
    tosses = better + worse
    if min(better, worse) < 0:
        raise ValueError("counts must be at least 0")
    term = comb(tosses, better)
    ways = 0
    for heads in range(better, tosses + 1):
        ways += term
        term = term * (tosses - heads) // (heads + 1)
    return Fraction(ways, 1 << tosses)

"""Spending the error budget: alpha divided evenly over slots that were announced beforehand.

References
----------
Bonferroni (1936); Dunn, Multiple comparisons among means (1961),
doi:10.1080/01621459.1961.10482090.
"""

from __future__ import annotations

from fractions import Fraction
from statistics import NormalDist

from coopt_dag.model.nano import NANO

ALPHA = Fraction(1, 20)
"""Chance that a challenge ever adopts a work that is not better."""


def share(alpha: Fraction, *, slots: int) -> Fraction:
    """Give each of the slots the same part of alpha, so that all together err with at most alpha.

    >>> share(Fraction(1, 20), slots=100)
    Fraction(1, 2000)
    """
    if not 0 < alpha < 1 or slots < 1:
        raise ValueError("alpha must be between 0 and 1, and slots at least 1")
    return alpha / slots


def z_nano(alpha: Fraction) -> int:
    """Give the normal quantile of 1 - alpha in units of 1e-9, rounded once.

    >>> z_nano(Fraction(1, 20)), z_nano(Fraction(1, 2000))
    (1644853627, 3290526731)
    """
    return -round(NormalDist().inv_cdf(float(alpha)) * NANO)

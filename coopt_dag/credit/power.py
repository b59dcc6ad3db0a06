"""Power: the smallest gain that a challenge's hidden set can tell, given how it is divided.

References
----------
Connor, Sample size for testing differences in proportions for the paired-sample design (1987),
doi:10.2307/2531961.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING

from coopt_dag.credit.spending import ALPHA, share, z_nano
from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Iterable

POWER = Fraction(4, 5)


@dataclass(frozen=True, slots=True)
class Detectable:
    """With `size` examples of which a part `discordance` differs, gains from `gain` are found."""

    size: int
    slots: int
    discordance: int
    """In 1e-9 of the examples; for other losses: the variance of the difference."""
    gain: int
    """In 1e-9; found with the given power."""


def smallest_gain(
    size: int,
    *,
    slots: int,
    discordance: int,
    alpha: Fraction = ALPHA,
    power: Fraction = POWER,
    least: int = 0,
) -> int:
    """Give (z(1 - alpha/T) + z(power)) * sqrt(discordance / size) + least, in 1e-9, rounded up.

    Parameters
    ----------
    size : int
        Examples (or clusters) of the hidden set.
    discordance : int
        In 1e-9: part of the examples that exactly one of the two works gets right; for losses
        other than 0 and 1, the variance of their difference.
    least : int
        What a gain must exceed anyway: min_delta and tolerance, in 1e-9.

    Examples
    --------
    A gain of 2.9 % with 2,000 examples, of 1.3 % with 10,000, of 0.58 % with 50,000:

    >>> sizes = (2_000, 10_000, 50_000)
    >>> [smallest_gain(n, slots=100, discordance=10**8) // 10**5 for n in sizes]
    [292, 130, 58]
    """
    if size < 1 or discordance < 0:
        raise ValueError("size is at least 1, discordance at least 0")
    z = z_nano(share(alpha, slots=slots)) + z_nano(1 - power)
    return least + isqrt(z * z * discordance // (size * NANO)) + 1


def table(
    sizes: Iterable[int],
    *,
    slots: Iterable[int],
    discordances: Iterable[int],
    alpha: Fraction = ALPHA,
    least: int = 0,
) -> tuple[Detectable, ...]:
    """Give the smallest gain for each size, number of slots and discordance, in this order.

    >>> rows = table([10_000], slots=[1, 100], discordances=[10**8])
    >>> [row.gain // 10**5 for row in rows]     # hundredths of a percent
    [78, 130]
    """
    slots, discordances = tuple(slots), tuple(discordances)
    return tuple(
        Detectable(
            size=size,
            slots=each,
            discordance=differ,
            gain=smallest_gain(size, slots=each, discordance=differ, alpha=alpha, least=least),
        )
        for size in sizes
        for each in slots
        for differ in discordances
    )

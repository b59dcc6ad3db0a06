"""The pot: how much of the budget an epoch pays, and for what kinds of work."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from coopt_dag.credit.apportion import apportion
from coopt_dag.credit.spending import ALPHA, z_nano

if TYPE_CHECKING:
    from coopt_dag.credit.paired import Paired


@dataclass(frozen=True, slots=True)
class Terms:
    """What was announced before the epoch: money in the smallest unit, gains in 1e-9."""

    budget: int
    target: int
    """The gain for which the whole budget is paid (G*)."""
    steps_bp: int = 7000
    """Hundredths of a percent of the pot for gains of the whole."""
    local_bp: int = 2000
    reviews_bp: int = 1000
    royalty_bp: int = 2500
    """Part of a payment that goes to the ancestors of the work."""
    depth: int = 8
    """So many generations of ancestors are paid."""
    alpha: Fraction = ALPHA

    def __post_init__(self) -> None:
        shares = (self.steps_bp, self.local_bp, self.reviews_bp)
        if sum(shares) != 10_000 or min(shares) < 0:
            raise ValueError("the three shares must make 10000 and none be negative")
        if not 0 <= self.royalty_bp <= 10_000 or self.depth < 0:
            raise ValueError("royalty_bp is 0 to 10000, depth at least 0")
        if self.budget < 0 or self.target <= 0:
            raise ValueError("budget is at least 0, target more than 0")


def pot(terms: Terms, *, gain: int, total: Paired) -> int:
    """Give 0 unless the whole gained for sure, else floor(B * min(G, G*) / G*).

    Parameters
    ----------
    gain : int
        Final score less baseline's on the sealed set, in 1e-9.
    total : Paired
        The same comparison example by example; its one-sided lower bound must be above 0.

    Examples
    --------
    >>> from coopt_dag.credit.paired import of_gains
    >>> terms, sure = Terms(budget=1000, target=80), of_gains([30, 31] * 50)
    >>> pot(terms, gain=30, total=sure), pot(terms, gain=90, total=sure)
    (375, 1000)
    >>> pot(terms, gain=30, total=of_gains([500, -440] * 50))
    0
    """
    if gain <= 0 or not total.exceeds(0, z=z_nano(terms.alpha)):
        return 0
    return terms.budget * min(gain, terms.target) // terms.target


def divide(terms: Terms, amount: int) -> tuple[int, int, int]:
    """Divide a pot for steps, local records and reviews; nothing is lost.

    >>> divide(Terms(budget=1000, target=80), 375)
    (263, 75, 37)
    """
    parts = apportion({0: terms.steps_bp, 1: terms.local_bp, 2: terms.reviews_bp}, amount)
    return parts[0], parts[1], parts[2]

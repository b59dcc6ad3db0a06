"""Damage, then repair: break what works, and be paid for mending it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.outcome import EVE, Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.visit import after_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from benchmarks.attacks.rules import Rule

HARM = 0.4
"""How far the harmful version falls behind the head, on the scale of effects."""


def play(make: Make, rng: np.random.Generator, submissions: int) -> Outcome:
    """Eve hands in a version that is worse than Bob's head, then Bob's version as her repair.

    Where every rise of the score counts, the repair is a rise. It should not pay here: the gate
    refuses the damage; and were it adopted, a step is paid for reaching a height for the first
    time, so the repair only comes back to what Bob is paid for.
    """

    def attack(rule: Rule) -> Iterator[Entry]:
        good = rule.heads[1]
        for _ in range(submissions // 2):
            yield Entry(EVE, good - HARM, 1)
            yield Entry(EVE, good, 1)

    return after_work(make, rng, attack)

"""Copycats and sybil copies: somebody else's work, handed in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.outcome import EVE, Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.visit import after_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from benchmarks.attacks.rules import Rule


def copycat(make: Make, rng: np.random.Generator, submissions: int) -> Outcome:
    """Eve hands in the heads of all steps again, in her own name.

    A board that gives prizes for scores pays her, for her score is as good as the best. It should
    not pay here: a copy differs on no example, so the gate refuses it; and were it adopted, a
    version that raises its step's curve by nothing is paid nothing.
    """

    def attack(rule: Rule) -> Iterator[Entry]:
        for i in range(submissions):
            step = i % len(rule.heads)
            yield Entry(EVE, rule.heads[step], step)

    return after_work(make, rng, attack)


def sybils(make: Make, rng: np.random.Generator, submissions: int) -> Outcome:
    """Eve does the same under a new name each time.

    Where each name has its share, a thousand names take nearly everything. It should not pay here:
    a step is one player, however many versions and names it has, so copies divide nothing but
    their own nothing.
    """

    def attack(rule: Rule) -> Iterator[Entry]:
        for i in range(submissions):
            step = i % len(rule.heads)
            yield Entry(f"{EVE}{i}", rule.heads[step], step)

    return after_work(make, rng, attack)

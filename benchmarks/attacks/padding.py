"""Epsilon padding: a stream of versions that differ a very little from the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.outcome import EVE, Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.visit import after_work
from benchmarks.attacks.world import SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from benchmarks.attacks.rules import Rule
    from benchmarks.attacks.world import Version

FEW = 2
"""Examples that a padded version decides anew."""

SURE = 9.0
"""An effect that decides an example, whatever the other steps do."""


def play(make: Make, rng: np.random.Generator, submissions: int) -> Outcome:
    """Eve decides two examples of the head anew, by tossing a coin, and hands that in as progress.

    A version that happens to be better by an example is a record where any gain counts. It should
    not pay here: at alpha / 1000 the exact test needs at least 15 examples that differ, so
    padding is refused whatever its luck. Settlement alone does pay for luck on the sealed set.
    """

    def attack(rule: Rule) -> Iterator[Entry]:
        for _ in range(submissions):
            yield Entry(EVE, _padded(rule.heads[1], rng), 1)

    return after_work(make, rng, attack)


def _padded(head: Version, rng: np.random.Generator) -> Version:
    found = head.copy()
    for half in (0, SIZE):
        places = half + rng.integers(0, SIZE, FEW)
        found[places] = SURE * (2 * rng.integers(0, 2, FEW) - 1)
    return found

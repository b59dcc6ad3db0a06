"""Who plays, what with, and what is left to chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from .kit import person

OWNER, JUDGES, BOTH, ANN, BEN = (
    person(1),
    (person(2), person(3), person(4)),
    person(5),  # judges and contributes
    person(6),
    person(7),
)
PEOPLE = (OWNER, *JUDGES, BOTH, ANN, BEN)
RICH = (OWNER, BOTH, ANN)
HOMES = ("ledger", "guard", "treasury", "notes")
DAY = 86_400
BOND = 5

# Small alphabets, so that actions meet each other; a few values that no rule accepts.
CHALLENGES = ("toy", "toy", "toy", "toy", "solo", "solo", "none")
STEPS = ("fit", "fit", "fit", "loss", "")
CIDS = ("c", "c", "c", "c", "c", "c", "c", "")
ROOTS = ("ab" * 32, "cd" * 32, "0" * 64)
NUMBERS = range(8)
SCORES = (-3, 0, 1, 2, 3, 5, 9, 2**127 - 1, -(2**127))
DURATIONS = (59, 60, 100, 100, 1000, 1000, DAY, 30 * DAY, 30 * DAY + 1)
REASONS = ("", "", "", "", "crashed", "x" * 32)
OWNERS = (OWNER, OWNER, OWNER, OWNER, ANN)


class Dice:
    """What a move leaves to chance."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def of(self, things: Sequence[Any]) -> Any:
        return self.rng.choice(things)

    def seldom(self) -> bool:
        """One throw of twelve."""
        return self.rng.randrange(12) == 0

    def some(self, things: Sequence[Any], least: int, most: int) -> list[Any]:
        return self.rng.sample(list(things), self.rng.randint(least, min(most, len(things))))

    def pick(self, good: Sequence[Any], otherwise: Sequence[Any]) -> Any:
        """One of what is there; seldom, or if there is none, anything."""
        return self.of(list(good) if good and not self.seldom() else otherwise)

"""The hidden examples, and which of them a configuration gets right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE = 2000
"""Examples of the quiz set, and as many of the sealed set."""

Version = NDArray[np.float64]
"""What a step's version does to each example: first those of the quiz, then the sealed ones."""


@dataclass(frozen=True, slots=True)
class Coins:
    """One step; labels are tosses of a coin, so nobody can gain anything: the true gain is 0."""

    baseline: tuple[Version, ...]
    labels: Version

    def right(self, versions: Sequence[Version]) -> NDArray[np.bool_]:
        """A version is its answers."""
        found: NDArray[np.bool_] = versions[0] == self.labels
        return found


@dataclass(frozen=True, slots=True)
class Team:
    """Steps that add up: an example is right if their effects together exceed its difficulty.

    Effects saturate, as they do in life: what a step adds depends on what the others do.
    """

    baseline: tuple[Version, ...]
    difficulty: Version

    def right(self, versions: Sequence[Version]) -> NDArray[np.bool_]:
        """Compare the sum of the effects with the difficulty."""
        total = versions[0].copy()
        for effect in versions[1:]:
            total += effect
        found: NDArray[np.bool_] = total > self.difficulty
        return found


World = Coins | Team
"""Hidden examples of a challenge; people see scores of the quiz, nobody sees the sealed."""


def coins(rng: np.random.Generator) -> Coins:
    """Draw labels and a baseline that guesses."""
    labels, guesses = tosses(rng), tosses(rng)
    return Coins((guesses,), labels)


def tosses(rng: np.random.Generator) -> Version:
    """Give an answer of 0 or 1 to each example."""
    return rng.integers(0, 2, 2 * SIZE).astype(np.float64)


def team(rng: np.random.Generator, *, steps: int = 3) -> Team:
    """Draw difficulties; the baselines do nothing, so they get half of the examples right."""
    nothing = np.zeros(2 * SIZE)
    return Team((nothing,) * steps, rng.standard_normal(2 * SIZE))


def useful(rng: np.random.Generator, *, mean: float = 0.25, spread: float = 0.3) -> Version:
    """Draw a version that truly helps, by about 9 % of the examples at first; some it hurts."""
    return mean + spread * rng.standard_normal(2 * SIZE)

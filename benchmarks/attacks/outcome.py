"""What an attack brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.attacks.rules import Rule
    from benchmarks.attacks.world import World

EVE = "eve"
"""Who attacks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """In 1e-9 of the score: gain that the board shows for nothing, and what the attacker gets."""

    claimed: int
    paid: int


Make = Callable[["World"], "Rule"]
"""Opens a challenge under a rule."""

Attack = Callable[[Make, np.random.Generator, int], Outcome]
"""Plays an attack with so many submissions."""

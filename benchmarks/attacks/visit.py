"""A visit: honest people work on three steps, and somebody tries to be paid next to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.outcome import Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.world import team, useful

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np

    from benchmarks.attacks.rules import Rule
    from benchmarks.attacks.world import World

HONEST = ("ann", "bob", "cat")
"""One for each step."""


def scene(rng: np.random.Generator) -> tuple[World, list[Entry]]:
    """Draw a challenge of three steps and one useful work for each."""
    world = team(rng)
    return world, [Entry(who, useful(rng), step) for step, who in enumerate(HONEST)]


def after_work(
    make: Make, rng: np.random.Generator, attack: Callable[[Rule], Iterable[Entry]]
) -> Outcome:
    """Let the honest work be judged first, then the attack, which may look at the heads.

    Claimed is what the board shows more than without the attack; paid is what all attackers get.
    """
    world, honest = scene(rng)
    rule = make(world)
    hand_in(rule, honest)
    before = rule.claimed()
    hand_in(rule, attack(rule))
    return Outcome(rule.claimed() - before, others(rule.paid()))


def hand_in(rule: Rule, entries: Iterable[Entry]) -> None:
    """Hand in one after the other."""
    for entry in entries:
        rule.hand_in(entry)


def others(paid: dict[str, int]) -> int:
    """Sum what those get who have done no honest work."""
    return sum(amount for who, amount in paid.items() if who not in HONEST)

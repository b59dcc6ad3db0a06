"""Splitting: one gain, handed in in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.outcome import EVE, Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.visit import hand_in, scene

if TYPE_CHECKING:
    import numpy as np


def play(make: Make, rng: np.random.Generator, submissions: int) -> Outcome:
    """Eve's work is real; she cuts it into two to eight pieces, each a part of the way.

    Paid is what the pieces bring more than the whole. It should be nothing: the pieces' gains add
    up to the whole's, because her step is one player. The gate makes it worse than nothing when a
    piece is too small to be told from noise, so it pays to hand in the whole.
    """
    return Outcome(0, _paid(make, rng, submissions)[EVE])


def moved(make: Make, rng: np.random.Generator, submissions: int) -> int:
    """Give by how many units of 1e-9 the payment of anybody changed at most."""
    return max(abs(change) for change in _paid(make, rng, submissions).values())


def _paid(make: Make, rng: np.random.Generator, submissions: int) -> dict[str, int]:
    """Give what each is paid with pieces, less what without."""
    world, honest = scene(rng)
    work = honest[1].version
    count = min(int(rng.integers(2, 9)), max(2, submissions))
    pieces = [Entry(EVE, work * (i / count), 1) for i in range(1, count + 1)]
    paid = []
    for parts in (pieces, pieces[-1:]):
        rule = make(world)
        hand_in(rule, (honest[0], *parts, honest[2]))
        paid.append(rule.paid())
    return {who: paid[0].get(who, 0) - paid[1].get(who, 0) for who in ("ann", EVE, "cat")}

"""Hoarding: keep a gain back and hand it in at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.outcome import EVE, Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.visit import hand_in, scene
from benchmarks.attacks.world import useful

if TYPE_CHECKING:
    import numpy as np


def play(make: Make, rng: np.random.Generator, submissions: int) -> Outcome:
    """Eve's work is real; she waits until the others are done. Bob may find as good a one.

    Paid is what waiting brings more than handing in at once. It should never be more than nothing:
    the same steps have the same curves, in whatever order they came; and who is second at a height
    is paid nothing for it. So she loses what Bob has found in the meantime, in half of the cases.
    """
    del submissions
    world, (ann, _, cat) = scene(rng)
    eve = Entry(EVE, useful(rng), 1)
    bob = [Entry("bob", useful(rng), 1)] if rng.random() < 0.5 else []
    paid = []
    for order in ((ann, *bob, cat, eve), (ann, eve, *bob, cat)):
        rule = make(world)
        hand_in(rule, order)
        paid.append(rule.paid().get(EVE, 0))
    return Outcome(0, paid[0] - paid[1])

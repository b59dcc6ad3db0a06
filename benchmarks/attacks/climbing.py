"""Hill climbing: change a few answers, keep what is accepted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.attacks.outcome import EVE, Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.world import SIZE, coins

if TYPE_CHECKING:
    import numpy as np

    from benchmarks.attacks.world import Version


def play(make: Make, rng: np.random.Generator, submissions: int, *, flips: int) -> Outcome:
    """Eve flips some answers of the head at random and hands that in, over and over.

    Each yes moves the head closer to the quiz's labels. It pays wherever luck is enough for a
    yes: with two flips one try in four is right twice, and passes the Ladder too. It should not
    pay here: no 2 examples can pass the exact test at alpha / T, and 20 pass once in 50,000 times.
    """
    rule = make(coins(rng))
    for _ in range(submissions):
        rule.hand_in(Entry(EVE, flipped(rule.heads[0], rng, flips)))
    return Outcome(rule.claimed(), rule.paid().get(EVE, 0))


def flipped(answers: Version, rng: np.random.Generator, flips: int) -> Version:
    """Flip so many answers on the quiz, and as many on the sealed set."""
    found = answers.copy()
    for half in (0, SIZE):
        places = half + rng.choice(SIZE, flips, replace=False, shuffle=False)
        found[places] = 1 - found[places]
    return found


by_2, by_20 = partial(play, flips=2), partial(play, flips=20)

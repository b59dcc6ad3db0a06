"""Boosting by random submissions: many guesses, added up by what the board says of each.

References
----------
Blum and Hardt (2015), arXiv:1502.04585, section 4: the boosting attack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.attacks.outcome import EVE, Make, Outcome
from benchmarks.attacks.rules import Entry
from benchmarks.attacks.world import coins, tosses

if TYPE_CHECKING:
    from benchmarks.attacks.rules import Feedback


def play(make: Make, rng: np.random.Generator, submissions: int) -> Outcome:
    """Eve guesses all labels again and again, and hands in the majority of her better guesses.

    A guess that scores above one half agrees with the labels a little, and a thousand of them
    tell much about the quiz and nothing about the world. It pays where exact scores are told. It
    should not where the answer is yes or no at alpha / T, for there is nothing to add up.
    """
    world = coins(rng)
    rule = make(world)
    votes = np.zeros(world.labels.size)
    for _ in range(submissions - 1):
        guess = tosses(rng)
        votes += _weight(rule.hand_in(Entry(EVE, guess))) * (2 * guess - 1)
    last = np.where(votes == 0, tosses(rng), votes > 0).astype(float)
    rule.hand_in(Entry(EVE, last))
    return Outcome(rule.claimed(), rule.paid().get(EVE, 0))


def _weight(told: Feedback) -> float:
    if told.score is None:
        return float(told.accepted)
    return float(np.sign(told.score - 0.5))

"""Weight copying: evaluators who run nothing and repeat what others say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.attacks.judging import (
    HEAD,
    LIE,
    TOLERANCE,
    WAD,
    Judging,
    Round,
    gain,
    honest,
    opening,
)
from benchmarks.attacks.outcome import Outcome
from coopt_dag.ledger.hashing import opening_hash

if TYPE_CHECKING:
    import numpy as np

COPIERS = 3
"""Of five evaluators; one lies, one is honest."""


def play(
    judging: Judging, rng: np.random.Generator, submissions: int, *, truth: int = HEAD
) -> Outcome:
    """Three of five evaluators repeat the first score that they see, and the first one lies.

    Where scores are seen as they come, copying costs nothing and turns one lie into four. Here
    each is bound to its score before it sees another, so a copier can only guess, and the best
    guess is the head's score. It should not pay: the lie stays alone, and the guess is exposed
    whenever the work changed the score.
    """
    paid = 0
    for _ in range(submissions):
        said = [truth + LIE]
        said += [_repeated(said[0], judging)] * COPIERS
        said.append(honest(truth, rng))
        openings = tuple(opening(i, score) for i, score in enumerate(said))
        paid += gain(judging.score(Round(openings, truth, len(said), frozenset({0})), rng))
    return Outcome(0, paid // submissions)


def agreeing(judging: Judging, rng: np.random.Generator, submissions: int) -> float:
    """Give how often a copier among honest evaluators says what is within the tolerance.

    Works differ from the head by 0.02 or so; one in twenty does not differ at all.
    """
    count = 0
    for _ in range(submissions):
        moved = 0 if rng.random() < 0.05 else round(0.02 * rng.standard_normal() * WAD)
        seen = honest(HEAD + moved, rng)
        count += abs(_repeated(seen, judging) - HEAD - moved) <= TOLERANCE
    return count / submissions


def opens(submission: int) -> bool:
    """Tell whether a commitment that was copied as it is can be opened by the copier."""
    first = opening(1, HEAD)
    committed = opening_hash(submission, first)
    return opening_hash(submission, replace(first, evaluator=f"0x{2:040x}")) == committed


def _repeated(first: int, judging: Judging) -> int:
    return HEAD if judging.hidden else first

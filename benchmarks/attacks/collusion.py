"""Collusion: some of the evaluators agree to say more than they found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.judging import HEAD, LIE, Judging, Round, gain, honest, opening
from benchmarks.attacks.outcome import Outcome

if TYPE_CHECKING:
    import numpy as np

EVALUATORS = 5


def play(
    judging: Judging,
    rng: np.random.Generator,
    submissions: int,
    *,
    liars: int = 2,
    pool: int = EVALUATORS,
    quorum: int = EVALUATORS,
) -> Outcome:
    """Two of five evaluators add 0.05 to a friend's work, which is exactly as good as the head.

    A mean moves with every lie. The lower median does not move before the liars are the majority
    of the quorum, and a spread above the tolerance calls for a vote of all evaluators. So it
    should pay from the third liar on, and it does: a majority that colludes wins.

    The liars are always the first to commit. Paid is the mean gain of a submission.
    """
    paid = 0
    for _ in range(submissions):
        said = [HEAD + LIE if i < liars else honest(HEAD, rng) for i in range(quorum)]
        openings = tuple(opening(i, score) for i, score in enumerate(said))
        everybody = Round(openings, HEAD, pool, frozenset(range(liars)))
        paid += gain(judging.score(everybody, rng))
    return Outcome(0, paid // submissions)

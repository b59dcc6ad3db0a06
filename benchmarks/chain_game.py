"""The saturating chain game: what sampled settlement is measured on."""

from __future__ import annotations

import random

import numpy as np

NANO = 10**9


def saturating_chain(n: int, salt: int, *, rough: float = 0.0) -> np.ndarray:
    """Give the scores in 1e-9 of all 2^n coalitions of a chain of n improved steps.

    The baseline's error is 1. An improved step removes a share g (uniform in .03 to .25) of what
    error remains, so gains saturate: the same step is worth the less, the more others do. It
    removes only (1 - c) g, with c uniform in 0 to .3, while the step right before it is not
    improved, because it then gets poorer input. The score is one less the error:
    v(S) = 1 - prod over i in S of (1 - g_i (1 - c_i [i - 1 not in S])).

    Parameters
    ----------
    salt : int
        Which game: fixes all g and c.
    rough : float
        Standard deviation of what is added to each score by chance, once and for all: what a
        hidden set of few examples does.
    """
    rng = random.Random(f"saturating chain {n} {salt}")
    shares = [rng.uniform(0.03, 0.25) for _ in range(n)]
    weaker = [0.0] + [rng.uniform(0, 0.3) for _ in range(n - 1)]
    masks = np.arange(1 << n)
    error = np.ones(1 << n)
    for i, (share, loss) in enumerate(zip(shares, weaker, strict=True)):
        before = masks >> (i - 1) & 1 if i else np.ones_like(masks)
        error *= 1 - share * (masks >> i & 1) * (1 - loss * (1 - before))
    error += rough * np.random.default_rng(salt).normal(size=1 << n)
    return np.rint((1 - error) * NANO).astype(np.int64)

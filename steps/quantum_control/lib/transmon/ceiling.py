"""The best pulse for days that are known: what the oracles of the steps share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transmon.compressed import stand_in
from transmon.days import judge
from transmon.design import SAMPLES
from transmon.grape import grape
from transmon.tone import ideal_tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transmon.days import Days

FEW, LAST = 120, 8
"""Iterations on draws that stand for all, and on all."""


def raised_cosine(days: Days) -> np.ndarray:
    """Give a raised cosine [samples, 2] of the best tone for the days, in MHz."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES)
    return ideal_tone(hann, days.draws)


def improved(
    pulse: np.ndarray,
    days: Days,
    *,
    limit_mhz: float,
    weights: Sequence[float],
    iterations: int = FEW,
) -> np.ndarray:
    """Improve a pulse in rounds, one a weight of leakage, on draws that stand for the days'."""
    for weight in weights:
        few = stand_in(days, pulse)
        pulse = grape(pulse, few, limit_mhz=limit_mhz, iterations=iterations, leakage_weight=weight)
    return pulse


def best_of(
    pulses: Iterable[np.ndarray], days: Days, *, limit_mhz: float, weight: float = 0.0
) -> np.ndarray:
    """Give the best of some by loss + weight * leakage, improved on every draw of the days."""

    def cost(pulse: np.ndarray) -> float:
        found = judge(pulse, days)
        return float(np.mean(found.losses + weight * found.leakage))

    best = min(pulses, key=cost)
    return grape(best, days, limit_mhz=limit_mhz, iterations=LAST, leakage_weight=weight)

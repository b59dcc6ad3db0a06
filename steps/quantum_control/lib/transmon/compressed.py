"""A few draws that stand for many, where the infidelity is nearly quadratic in the noise."""

from __future__ import annotations

import numpy as np

from transmon.days import Days
from transmon.evolution import Draws
from transmon.fidelity import gate_errors


def cubature(draws: Draws) -> Draws:
    """Give six draws of the same means and widths: each noise alone at sqrt(3) widths either way.

    The mean of a polynomial of third degree over them is that over the draws, if noises are
    independent and symmetric; infidelity is nearly quadratic in small noise.

    References
    ----------
    Arasaratnam and Haykin (2009), doi:10.1109/TAC.2009.2019800.
    """
    noises = (draws.detuning, draws.amplitude, draws.anharmonicity)
    reach = np.sqrt(3.0) * np.concatenate([np.eye(3), -np.eye(3)])
    return Draws(*(n.mean() + reach[:, i] * n.std() for i, n in enumerate(noises)))


def stand_in(days: Days, pulse: np.ndarray) -> Days:
    """Give twelve days of one draw each, whose mean loss is about that of all days.

    Six stand for all draws, six for those that are the worst of their day under this pulse, or
    under one that is like it.
    """
    lost, _ = gate_errors(pulse, days.draws)
    ends = np.append(days.first[1:], len(lost))
    worst = [a + int(np.argmax(lost[a:b])) for a, b in zip(days.first, ends, strict=True)]
    draws = days.draws
    noises = (draws.detuning, draws.amplitude, draws.anharmonicity)
    parts = cubature(draws), cubature(Draws(*(noise[worst] for noise in noises)))
    both = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("detuning", "amplitude", "anharmonicity")
    )
    return Days(Draws(*both), np.arange(12))

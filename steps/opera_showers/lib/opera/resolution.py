"""How far measured energies are from true ones: residuals, and the half-width that holds 68 %."""

from __future__ import annotations

import numpy as np

HELD_PCT = 68
"""Of a normal distribution, one standard deviation to either side holds 68.3 %."""


def residuals(energy: np.ndarray, measured: np.ndarray, match: np.ndarray) -> np.ndarray:
    """Relative energy residual of each true shower, (E_rec - E) / E, cut off at -1 and 1.

    Parameters
    ----------
    energy : array, shape (showers,)
        True energies, GeV, > 0.
    measured : array, shape (claims,)
        Claimed energies, GeV, > 0.
    match : array of int, shape (showers,)
        The claim of each true shower; -1 = not found, which counts as no energy: -1.

    >>> residuals(np.array([4.0, 2.0, 1.0]), np.array([5.0, 9.0]), np.array([0, -1, 1])).tolist()
    [0.25, -1.0, 1.0]
    """
    if not (np.isfinite(measured).all() and (measured > 0).all()):
        raise ValueError("an energy is not a number above 0")
    found = match >= 0
    relative = np.full(len(energy), -1.0)
    relative[found] = (measured[match[found]] - energy[found]) / energy[found]
    return np.clip(relative, -1.0, 1.0)


def half_width(deviations: np.ndarray) -> float:
    """Give the smallest width w such that at least 68 % of |deviation| are <= w.

    Of five, the fourth smallest is the first that holds 68 %: 4 / 5 = 0.8.

    >>> half_width(np.array([0.5, -0.1, 0.2, 0.3, -0.4]))
    0.4
    """
    size = np.sort(np.abs(deviations))
    if not len(size):
        raise ValueError("no shower, hence no width")
    return float(size[-(-HELD_PCT * len(size) // 100) - 1])

"""How far a gate is from the pi pulse that was asked for, and how much leaves the qubit."""

from __future__ import annotations

import numpy as np

from transmon.drive import line_response
from transmon.evolution import Draws, evolve

TARGET = np.array([[0.0, 1.0], [1.0, 0.0]])
"""X, up to a phase that both states share."""
MOST_AT_ONCE = 1024
"""Draws that are evolved together: bounds the memory."""


def infidelity(states: np.ndarray) -> np.ndarray:
    """Give 1 - F for evolutions [draws, levels, 2], F averaged over the qubit's pure states.

    F = (Tr(M M^+) + |Tr M|^2) / 6 with M = X P U P: population that leaks counts as lost. 0 is
    best, 2/3 is a gate that does nothing.

    References
    ----------
    Pedersen, Moller and Molmer (2007), doi:10.1016/j.physleta.2007.02.069.

    Examples
    --------
    >>> float(infidelity(np.eye(4, 2)[None].astype(complex))[0])
    0.6666666666666667
    """
    inside = states[:, :2, :]
    kept = np.sum(np.abs(inside) ** 2, axis=(1, 2))
    overlap = np.abs(np.einsum("ij,nji->n", TARGET, inside)) ** 2
    return 1.0 - (kept + overlap) / 6.0


def leakage(states: np.ndarray) -> np.ndarray:
    """Give the population outside the qubit, averaged over the qubit's states.

    References
    ----------
    Wood and Gambetta (2018), doi:10.1103/PhysRevA.97.032306, L1.

    Examples
    --------
    >>> float(leakage(np.eye(4, 2)[None].astype(complex))[0])
    0.0
    """
    return 0.5 * np.sum(np.abs(states[:, 2:, :]) ** 2, axis=(1, 2))


def gate_errors(pulse: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Give (infidelity, leakage) of a pulse [samples, 2] in MHz, one of each a draw."""
    drive = line_response(pulse)
    lost, leaked = [], []
    for first in range(0, len(draws), MOST_AT_ONCE):
        rows = slice(first, first + MOST_AT_ONCE)
        part = Draws(draws.detuning[rows], draws.amplitude[rows], draws.anharmonicity[rows])
        states = evolve(drive, part)
        lost.append(infidelity(states))
        leaked.append(leakage(states))
    return np.concatenate(lost), np.concatenate(leaked)

"""Infidelity of a pulse and its exact derivatives, for optimisers such as GRAPE."""

from __future__ import annotations

import numpy as np

from transmon.design import LEVELS, RADIANS, SAMPLE_NS, SLICES_PER_SAMPLE
from transmon.drive import line_matrix, line_response
from transmon.evolution import Draws, Slices, decompose, product, qubit_states
from transmon.fidelity import TARGET, infidelity, leakage

STEP_NS = SAMPLE_NS / SLICES_PER_SAMPLE


def infidelity_and_slope(
    pulse: np.ndarray, draws: Draws, *, leakage_weight: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Give infidelity + weight * leakage [draws] and its slope [draws, samples, 2] in 1/MHz.

    Exact: each slice's exponential is differentiated in its eigenbasis, and the costate runs
    backwards once, whatever the number of samples.

    References
    ----------
    Khaneja et al. (2005), doi:10.1016/j.jmr.2004.11.004; the exact derivative as in
    Machnes et al. (2011), doi:10.1103/PhysRevA.84.022305.
    """
    slices = decompose(line_response(pulse), draws, step_ns=STEP_NS)
    unitaries = slices.unitaries()
    states = [qubit_states(len(draws), LEVELS)]
    for unitary in unitaries:
        states.append(product(unitary, states[-1]))
    costates = _costates(unitaries, _slope_at_the_end(states[-1], leakage_weight))
    by_drive = _slope_of_slices(slices, np.stack(states[:-1]), costates)
    by_drive = by_drive * (1.0 + draws.amplitude)[None, :, None]
    value = infidelity(states[-1]) + leakage_weight * leakage(states[-1])
    return value, np.einsum("ks,knq->nsq", line_matrix(len(pulse)), by_drive)


def _slope_at_the_end(states: np.ndarray, leakage_weight: float) -> np.ndarray:
    """Give L such that the change of the cost is Re Tr(L^+ dU)."""
    trace = np.einsum("ij,nji->n", TARGET, states[:, :2, :])
    slope = leakage_weight * states
    slope[:, :2] = -(states[:, :2] + trace[:, None, None] * TARGET) / 3.0
    return slope


def _costates(unitaries: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Carry the slope at the end back to behind each slice."""
    found = [last]
    for unitary in unitaries[:0:-1]:
        found.append(product(np.conj(np.swapaxes(unitary, -1, -2)), found[-1]))
    return np.stack(found[::-1])


def _slope_of_slices(slices: Slices, states: np.ndarray, costates: np.ndarray) -> np.ndarray:
    """Give the slope [slices, draws, 2] by the drive's real and imaginary part."""
    basis = slices.basis
    turned_back = np.swapaxes(basis, -1, -2) * np.conj(slices.twist)[:, None, None, :]
    before, after = product(turned_back, states), product(turned_back, costates)
    mean = 0.5 * (slices.energy[..., :, None] + slices.energy[..., None, :])
    half = 0.5 * (slices.energy[..., :, None] - slices.energy[..., None, :])
    divided = -1j * RADIANS * STEP_NS * np.exp(-1j * mean) * np.sinc(half / np.pi)
    weight = divided * product(np.conj(after), np.swapaxes(before, -1, -2))
    root = np.sqrt(np.arange(1.0, LEVELS))
    lifted = product(basis[..., 1:, :], weight) * root[:, None]
    up = np.sum(lifted * basis[..., :-1, :], axis=(-1, -2))
    lowered = product(basis[..., :-1, :], weight) * root[:, None]
    down = np.sum(lowered * basis[..., 1:, :], axis=(-1, -2))
    turn = slices.twist[:, None, 1]
    in_phase = 0.5 * (np.conj(turn) * up + turn * down)
    quadrature = 0.5j * (np.conj(turn) * up - turn * down)
    return np.real(np.stack([in_phase, quadrature], axis=-1))

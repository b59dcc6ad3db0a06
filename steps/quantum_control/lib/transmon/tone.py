"""Envelopes and the three numbers that make a pulse of one: gain, frequency and phase."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from transmon.compressed import cubature
from transmon.design import RADIANS, SAMPLE_NS, SAMPLES
from transmon.evolution import Draws
from transmon.gradient import infidelity_and_slope

PI_AREA = 500.0
"""MHz ns: area under the drive that turns a two-level system by pi."""
_SCALE = np.array([1.0, 10.0, 1.0])
"""Sizes of gain, frequency in MHz and phase in radians that change a pulse about as much."""


def sample_times_ns() -> np.ndarray:
    """Give the middle of each sample, counted from the middle of the pulse."""
    return (np.arange(SAMPLES) - 0.5 * (SAMPLES - 1)) * SAMPLE_NS


def area_scaled(envelope: np.ndarray) -> np.ndarray:
    """Give the envelope in MHz that turns a two-level system by pi.

    The area theorem: on resonance only the area counts, and the line keeps it.

    Raises
    ------
    ValueError
        The envelope has next to no area.

    Examples
    --------
    >>> float(area_scaled(np.ones(16))[0])
    31.25
    """
    area = float(np.sum(envelope)) * SAMPLE_NS
    if abs(area) < 0.05 * float(np.sum(np.abs(envelope))) * SAMPLE_NS or area == 0.0:
        raise ValueError("the envelope has no area that could be scaled to a pi pulse")
    return envelope * (PI_AREA / area)


def carrier(frequency_mhz: float, phase: float) -> np.ndarray:
    """Give exp(i (phase - 2 pi f t)) at the samples: in the frame of a drive, one faster by f."""
    return np.exp(1j * (phase - RADIANS * frequency_mhz * sample_times_ns()))


def tone(
    envelope_mhz: np.ndarray, *, gain: float, frequency_mhz: float = 0.0, phase: float = 0.0
) -> np.ndarray:
    """Give the pulse [samples, 2] of an envelope at another gain, carrier frequency and phase.

    `frequency_mhz` is that of the carrier less the nominal one of the drive.
    """
    found = gain * envelope_mhz * carrier(frequency_mhz, phase)
    return np.stack([found.real, found.imag], axis=1)


def ideal_tone(envelope: np.ndarray, draws: Draws) -> np.ndarray:
    """Give the pulse that an ideal calibration for these draws would make of an envelope.

    It starts from the area theorem and minimises the mean infidelity over the draws' cubature.
    """
    points = cubature(draws)
    scaled = area_scaled(envelope)

    def cost(x: np.ndarray) -> tuple[float, np.ndarray]:
        gain, frequency, phase = x * _SCALE
        pulse = tone(scaled, gain=gain, frequency_mhz=frequency, phase=phase)
        value, slope = infidelity_and_slope(pulse, points)
        slope = slope.mean(axis=0)
        c = pulse[:, 0] + 1j * pulse[:, 1]
        directions = (
            scaled * carrier(frequency, phase),
            -1j * RADIANS * sample_times_ns() * c,
            1j * c,
        )
        by = [np.sum(slope[:, 0] * d.real + slope[:, 1] * d.imag) for d in directions]
        return float(value.mean()), np.array(by) * _SCALE

    found = minimize(cost, [1.0, 0.0, 0.0], jac=True, method="BFGS", options={"gtol": 1e-7})
    gain, frequency, phase = found.x * _SCALE
    return tone(scaled, gain=gain, frequency_mhz=frequency, phase=phase)

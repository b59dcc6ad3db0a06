"""Gradient ascent pulse engineering on an ensemble of days, within the generator's limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from transmon.days import Days, loss_and_slope
from transmon.design import RADIANS, SAMPLES
from transmon.tone import carrier, sample_times_ns

_STEP_MHZ, _STEP_CARRIER_MHZ = 50.0, 10.0
"""Sizes of changes that matter about as much, in which the optimiser counts."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How numbers make a pulse: squashed samples, in phase or both, on a carrier."""

    limit_mhz: float
    in_phase: bool

    def pulse(self, x: np.ndarray) -> np.ndarray:
        """Give the complex samples in MHz."""
        return self._squashed(x)[0] * self._carrier(x)

    def start(self, pulse: np.ndarray) -> np.ndarray:
        """Give the numbers of a pulse; in phase, what is a quarter turn ahead is left out."""
        frequency, phase = carrier_of(pulse)
        x = np.zeros(2 * SAMPLES + 2)
        x[-2:] = frequency / _STEP_CARRIER_MHZ, phase
        c = (pulse[:, 0] + 1j * pulse[:, 1]) / self._carrier(x)
        c = c.real + 0j if self.in_phase else c
        c = c * np.minimum(1.0, 0.98 * self.limit_mhz / np.maximum(np.abs(c), 1e-9))
        u = c / np.sqrt(1.0 - np.abs(c / self.limit_mhz) ** 2) / _STEP_MHZ
        x[:SAMPLES], x[SAMPLES:-2] = u.real, u.imag
        return x

    def slope(self, x: np.ndarray, by_sample: np.ndarray) -> np.ndarray:
        """Carry a slope [samples, 2] by the pulse's samples over to the numbers."""
        inner, u, squash = self._squashed(x)
        turned = (by_sample[:, 0] + 1j * by_sample[:, 1]) * np.conj(self._carrier(x))
        along = np.real(np.conj(turned) * u)
        by_u = squash * turned - squash**3 / self.limit_mhz**2 * along * u
        by_phase = np.real(np.conj(turned) * 1j * inner)
        by_frequency = -np.sum(by_phase * RADIANS * sample_times_ns())
        imaginary = np.zeros(SAMPLES) if self.in_phase else by_u.imag * _STEP_MHZ
        last = by_frequency * _STEP_CARRIER_MHZ, by_phase.sum()
        return np.concatenate([by_u.real * _STEP_MHZ, imaginary, last])

    def _squashed(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give u / sqrt(1 + |u / limit|^2), u, and what u was multiplied by."""
        u = (x[:SAMPLES] + 1j * x[SAMPLES:-2]) * _STEP_MHZ
        squash = 1.0 / np.sqrt(1.0 + np.abs(u / self.limit_mhz) ** 2)
        return u * squash, u, squash

    def _carrier(self, x: np.ndarray) -> np.ndarray:
        return carrier(x[-2] * _STEP_CARRIER_MHZ, x[-1])


def grape(
    pulse: np.ndarray,
    days: Days,
    *,
    limit_mhz: float,
    iterations: int,
    in_phase: bool = False,
    leakage_weight: float = 0.0,
) -> np.ndarray:
    """Give a pulse [samples, 2] near `pulse` whose mean loss over the days is least.

    Parameters
    ----------
    in_phase
        Samples stay in phase with the carrier, whose frequency and phase are free.
    leakage_weight
        What is minimised is infidelity + weight * leakage.

    References
    ----------
    Khaneja et al. (2005), doi:10.1016/j.jmr.2004.11.004; with L-BFGS, de Fouquieres et al.
    (2011), doi:10.1016/j.jmr.2011.07.023.
    """
    shape = Shape(limit_mhz=limit_mhz, in_phase=in_phase)

    def cost(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = loss_and_slope(_pairs(shape.pulse(x)), days, leakage_weight=leakage_weight)
        return value, shape.slope(x, slope)

    # ten remembered steps, the default: of more, LAPACK makes matrices so large that it threads
    options = {"maxiter": iterations, "ftol": 1e-9, "gtol": 1e-9}
    found = minimize(cost, shape.start(pulse), jac=True, method="L-BFGS-B", options=options)
    return _pairs(shape.pulse(found.x))


def carrier_of(pulse: np.ndarray) -> tuple[float, float]:
    """Give frequency in MHz and phase of a carrier, on which a pulse is nearly in phase.

    Squares of samples forget a change of sign.
    """
    squares = (pulse[:, 0] + 1j * pulse[:, 1]) ** 2
    turn = 0.5 * float(np.angle(np.sum(np.conj(squares[:-1]) * squares[1:])))
    step = float(sample_times_ns()[1] - sample_times_ns()[0])
    frequency = -turn / (RADIANS * step)
    left = squares * np.conj(carrier(frequency, 0.0)) ** 2
    phase = 0.5 * float(np.angle(np.sum(left)))
    return frequency, phase


def _pairs(samples: np.ndarray) -> np.ndarray:
    return np.stack([samples.real, samples.imag], axis=1)

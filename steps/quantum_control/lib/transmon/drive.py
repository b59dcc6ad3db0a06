"""The control line: from samples of the generator to the drive that the transmon sees."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import erf

from transmon.design import (
    BANDWIDTH_MHZ,
    GUARD_NS,
    SAMPLE_NS,
    SAMPLES,
    SLICES_PER_SAMPLE,
)


def response_width_ns(bandwidth_mhz: float = BANDWIDTH_MHZ) -> float:
    """Give the standard deviation of the line's Gaussian impulse response.

    The line passes exp(-(f / f0)^2 ln 2 / 2) of an amplitude, half of the power at f0.

    >>> round(response_width_ns(300.0), 4)
    0.4417
    """
    return float(np.sqrt(np.log(2.0)) / (2.0 * np.pi * bandwidth_mhz * 1e-3))


@cache
def line_matrix(samples: int = SAMPLES, slices_per_sample: int = SLICES_PER_SAMPLE) -> np.ndarray:
    """Give the matrix [slices, samples] that turns samples into the mean drive of each slice.

    A sample is held for its length (zero-order hold), then the line blurs it. The first slice
    begins `GUARD_NS` before the first sample. Columns sum to `slices_per_sample`: the line keeps
    the area of a pulse.

    References
    ----------
    Motzoi et al., PRA 84, 022307 (2011), doi:10.1103/PhysRevA.84.022307.
    """
    step = SAMPLE_NS / slices_per_sample
    guard = round(GUARD_NS / step)
    edges = (np.arange(samples * slices_per_sample + 2 * guard + 1) - guard) * step
    starts = np.arange(samples) * SAMPLE_NS
    rising = _integral_of_step(edges[:, None] - starts[None, :])
    falling = _integral_of_step(edges[:, None] - starts[None, :] - SAMPLE_NS)
    matrix = np.diff(rising - falling, axis=0) / step
    matrix.setflags(write=False)
    return matrix


def line_response(pulse: np.ndarray, *, slices_per_sample: int = SLICES_PER_SAMPLE) -> np.ndarray:
    """Give the drive I + iQ in MHz of each slice for a pulse [samples, 2] in MHz."""
    matrix = line_matrix(len(pulse), slices_per_sample)
    return np.einsum("ks,s->k", matrix, pulse[:, 0] + 1j * pulse[:, 1])


def slice_times_ns(
    samples: int = SAMPLES, *, slices_per_sample: int = SLICES_PER_SAMPLE
) -> np.ndarray:
    """Give the middle of each slice; the first sample begins at 0."""
    step = SAMPLE_NS / slices_per_sample
    guard = round(GUARD_NS / step)
    return (np.arange(samples * slices_per_sample + 2 * guard) - guard + 0.5) * step


def _integral_of_step(time_ns: np.ndarray) -> np.ndarray:
    """Integrate the line's response to a unit step at 0 up to a time."""
    width = response_width_ns()
    scaled = time_ns / width
    bell = np.exp(-0.5 * scaled**2) / np.sqrt(2.0 * np.pi)
    return width * (0.5 * scaled * (1.0 + erf(scaled / np.sqrt(2.0))) + bell)

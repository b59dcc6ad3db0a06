"""A raised cosine (Hann window): it rises and falls smoothly and is zero at both ends.

A square pulse of 16 ns has side lobes of its spectrum at the second transition, 220 MHz away, and
drives it; those of a Hann window fall with the third power of the frequency.
"""

import numpy as np
from transmon.design import SAMPLES


def solve(inputs, *, params, rng):
    middle = (np.arange(SAMPLES) + 0.5) / SAMPLES
    return {"envelope": 0.5 - 0.5 * np.cos(2.0 * np.pi * middle)}

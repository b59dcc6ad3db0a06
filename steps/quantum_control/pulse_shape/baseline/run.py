"""A square pulse: the drive is on, then off."""

import numpy as np
from transmon.design import SAMPLES


def solve(inputs, *, params, rng):
    return {"envelope": np.ones(SAMPLES)}

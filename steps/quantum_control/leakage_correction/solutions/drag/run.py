"""DRAG: the envelope's derivative on the other quadrature, its size fitted on calibration runs.

After Motzoi et al. (2009), doi:10.1103/PhysRevLett.103.110501; gain and frequency are fitted with
it, as the correction changes both.
"""

import numpy as np
from scipy.optimize import minimize
from transmon.days import judge, read_days
from transmon.design import RADIANS, SAMPLE_NS
from transmon.tone import carrier


def solve(inputs, *, params, rng):
    days = read_days(inputs["calibration"], most=params["days"])
    samples = inputs["pulse"][:, 0] + 1j * inputs["pulse"][:, 1]
    slope = np.gradient(np.pad(samples, 1), SAMPLE_NS)[1:-1]
    slope = slope / (RADIANS * inputs["device"]["anharmonicity_mhz"])

    def pulse(x):
        c = (x[0] * samples - 1j * x[2] * slope) * carrier(10.0 * x[1], 0.0)
        return np.stack([c.real, c.imag], axis=1)

    def cost(x):
        found = judge(pulse(x), days)
        return float(np.mean(found.losses + params["leakage_weight"] * found.leakage))

    start = [[1.0, 0.0, 0.0], [1.02, 0.0, 0.0], [1.0, -0.2, 0.0], [1.0, 0.0, 0.3]]
    options = {"initial_simplex": start, "xatol": 1e-4, "fatol": 1e-8, "maxfev": 200}
    found = minimize(cost, start[0], method="Nelder-Mead", options=options)
    return {"pulse": pulse(found.x)}

"""Fit gain, frequency and phase to the calibration runs, through line and all four levels.

The drive pushes the qubit off resonance (ac Stark shift by the second transition), and the device
has a mean error of drive and frequency that no data sheet knows: Rabi and Ramsey experiments find
them in a laboratory, the simulated ensemble finds them here.
"""

from scipy.optimize import minimize
from transmon.days import judge, read_days
from transmon.tone import area_scaled, tone

SCALE_MHZ = 10.0


def solve(inputs, *, params, rng):
    days = read_days(inputs["calibration"], most=params["days"])
    scaled = area_scaled(inputs["envelope"])

    def pulse(x):
        return tone(scaled, gain=x[0], frequency_mhz=x[1] * SCALE_MHZ, phase=x[2])

    start = [[1.0, 0.0, 0.0], [1.05, 0.0, 0.0], [1.0, 0.3, 0.0], [1.0, 0.0, 0.05]]
    found = minimize(
        lambda x: judge(pulse(x), days).losses.mean(),
        start[0],
        method="Nelder-Mead",
        options={"initial_simplex": start, "xatol": 1e-4, "fatol": 1e-8, "maxfev": 200},
    )
    return {"pulse": pulse(found.x)}

"""GRAPE in both quadratures, as DRAG adds the second one, for infidelity and tenfold leakage.

The second quadrature can cancel what the first drives at the second transition, and corrects
errors of the drive's strength, which samples in phase alone cannot: they all commute.
"""

from transmon.days import read_days
from transmon.grape import grape


def solve(inputs, *, params, rng):
    days = read_days(inputs["calibration"], most=params["days"])
    pulse = grape(
        inputs["pulse"],
        days,
        limit_mhz=inputs["device"]["max_drive_mhz"],
        iterations=params["iterations"],
        leakage_weight=params["leakage_weight"],
    )
    return {"pulse": pulse}

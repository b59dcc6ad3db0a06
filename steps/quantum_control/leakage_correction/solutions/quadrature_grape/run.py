"""GRAPE in both quadratures, as DRAG adds the second one, for infidelity and leakage.

The second quadrature can cancel what the first drives at the second transition, and corrects
errors of the drive's strength, which samples in phase alone cannot: they all commute. Twelve draws
stand for all calibration runs; which are the worst of their day is looked up again each round.
"""

from transmon.compressed import stand_in
from transmon.days import read_days
from transmon.grape import grape


def solve(inputs, *, params, rng):
    days, pulse = read_days(inputs["calibration"]), inputs["pulse"]
    for _ in range(params["rounds"]):
        pulse = grape(
            pulse,
            stand_in(days, pulse),
            limit_mhz=inputs["device"]["max_drive_mhz"],
            iterations=params["iterations"],
            leakage_weight=params["leakage_weight"],
        )
    return {"pulse": pulse}

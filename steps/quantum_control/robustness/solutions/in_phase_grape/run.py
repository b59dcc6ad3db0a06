"""GRAPE on the ensemble of calibration runs, with samples in phase only.

What the noise of frequency does early in the pulse is undone later by samples of the other sign,
as in a CORPSE composite pulse, as far as 16 ns and the drive's limit allow it.
"""

from transmon.days import read_days
from transmon.grape import grape


def solve(inputs, *, params, rng):
    days = read_days(inputs["calibration"], most=params["days"])
    limit = inputs["device"]["max_drive_mhz"]
    pulse = grape(
        inputs["pulse"], days, limit_mhz=limit, iterations=params["iterations"], in_phase=True
    )
    return {"pulse": pulse}

"""Ceiling: the best pulse for the hidden days themselves, leakage counted tenfold.

From a raised cosine, or from the pulse that is there, on the hidden days or by way of the
calibration runs, whichever ends better; then improved on every hidden draw.
"""

from transmon.ceiling import best_of, improved, raised_cosine
from transmon.days import read_days


def control(inputs, truths, *, rng):
    days, limit = read_days(truths["draws"]), inputs["device"]["max_drive_mhz"]
    known, pulse = read_days(inputs["calibration"]), inputs["pulse"]
    hidden = {"days": days, "limit_mhz": limit, "weights": (3.0, 3.0, 10.0)}
    found = [
        improved(raised_cosine(days), **hidden),
        improved(pulse, **hidden),
        improved(pulse, known, limit_mhz=limit, weights=(3.0, 3.0, 3.0), iterations=200),
    ]
    return {"pulse": best_of(found, days, limit_mhz=limit, weight=10.0)}

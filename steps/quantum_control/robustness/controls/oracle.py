"""Ceiling: the best pulse for the hidden days themselves.

From a raised cosine or from the pulse that is there, whichever ends better; then improved on every
hidden draw.
"""

from transmon.ceiling import best_of, improved, raised_cosine
from transmon.days import read_days


def control(inputs, truths, *, rng):
    days, limit = read_days(truths["draws"]), inputs["device"]["max_drive_mhz"]
    starts = (raised_cosine(days), inputs["pulse"])
    found = [improved(pulse, days, limit_mhz=limit, weights=(0.0, 0.0)) for pulse in starts]
    return {"pulse": best_of(found, days, limit_mhz=limit)}

"""Ceiling: the best pulse for the hidden days themselves.

From a raised cosine; then improved on every hidden draw.
"""

from transmon.ceiling import best_of, improved, raised_cosine
from transmon.days import read_days


def control(inputs, truths, *, rng):
    days, limit = read_days(truths["draws"]), inputs["device"]["max_drive_mhz"]
    pulse = improved(raised_cosine(days), days, limit_mhz=limit, weights=(0.0, 0.0))
    return {"pulse": best_of([pulse], days, limit_mhz=limit)}

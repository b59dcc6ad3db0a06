"""Ceiling: the best pulse for the hidden days themselves, leakage counted tenfold.

From a raised cosine, or from the pulse that is there, on the hidden days or by way of the
calibration runs, whichever ends better; then improved on every hidden draw.
"""

import numpy as np
from transmon.compressed import stand_in
from transmon.days import judge, read_days
from transmon.design import SAMPLES
from transmon.grape import grape
from transmon.tone import ideal_tone


def control(inputs, truths, *, rng):
    days = read_days(truths["draws"])
    limit = inputs["device"]["max_drive_mhz"]
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES)
    ways = (
        (ideal_tone(hann, days.draws), days, (3.0, 3.0, 10.0), 120),
        (inputs["pulse"], days, (3.0, 3.0, 10.0), 120),
        (inputs["pulse"], read_days(inputs["calibration"]), (3.0, 3.0, 3.0), 200),
    )
    found = [_improved(*way, limit) for way in ways]
    best = min(found, key=lambda pulse: _cost(pulse, days))
    pulse = grape(best, days, limit_mhz=limit, iterations=8, leakage_weight=10.0)
    return {"pulse": pulse}


def _improved(pulse, days, weights, iterations, limit):
    for weight in weights:
        few = stand_in(days, pulse)
        pulse = grape(pulse, few, limit_mhz=limit, iterations=iterations, leakage_weight=weight)
    return pulse


def _cost(pulse, days):
    found = judge(pulse, days)
    return float(np.mean(found.losses + 10.0 * found.leakage))

"""Ceiling: the pulse that is best on the hidden days themselves, leakage counted tenfold.

Found as solutions find theirs, in phase first, on some hidden days; then improved on all.
"""

import numpy as np
from transmon.days import read_days
from transmon.design import SAMPLES
from transmon.grape import grape
from transmon.tone import ideal_tone


def control(inputs, truths, *, rng):
    days, few = read_days(truths["draws"]), read_days(truths["draws"], most=100)
    limit = inputs["device"]["max_drive_mhz"]
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES)
    pulse = ideal_tone(hann, days.draws)
    pulse = grape(pulse, few, limit_mhz=limit, iterations=60, in_phase=True)
    for some, iterations in ((few, 150), (days, 60)):
        pulse = grape(pulse, some, limit_mhz=limit, iterations=iterations, leakage_weight=10.0)
    return {"pulse": pulse}

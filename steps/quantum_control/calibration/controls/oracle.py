"""Ceiling: the pulse that is best on the hidden days themselves."""

import numpy as np
from transmon.days import read_days
from transmon.design import SAMPLES
from transmon.grape import grape
from transmon.tone import ideal_tone


def control(inputs, truths, *, rng):
    days = read_days(truths["draws"])
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES)
    start = ideal_tone(hann, days.draws)
    limit = inputs["device"]["max_drive_mhz"]
    return {"pulse": grape(start, days, limit_mhz=limit, iterations=80)}

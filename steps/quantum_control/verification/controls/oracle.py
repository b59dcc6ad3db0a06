"""Ceiling: the best pulse for the hidden days, and what they will find of it."""

import numpy as np
from transmon.certificate import honest_claims, write_certificate
from transmon.days import judge, read_days
from transmon.design import SAMPLES
from transmon.grape import grape
from transmon.tone import ideal_tone


def control(inputs, truths, *, rng):
    days = read_days(truths["draws"])
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES)
    start = ideal_tone(hann, days.draws)
    pulse = grape(start, days, limit_mhz=inputs["device"]["max_drive_mhz"], iterations=80)
    return {"certificate": write_certificate(honest_claims(pulse, judge(pulse, days)))}

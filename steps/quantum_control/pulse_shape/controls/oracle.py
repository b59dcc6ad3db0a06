"""Ceiling: the shape that is best on the hidden days themselves."""

import numpy as np
from transmon.days import read_days
from transmon.design import SAMPLES
from transmon.grape import carrier_of, grape
from transmon.tone import carrier, ideal_tone


def control(inputs, truths, *, rng):
    days = read_days(truths["draws"])
    limit = inputs["device"]["max_drive_mhz"]
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(SAMPLES) + 0.5) / SAMPLES)
    start = ideal_tone(hann, days.draws)
    pulse = grape(start, days, limit_mhz=limit, iterations=60, in_phase=True)
    frequency, phase = carrier_of(pulse)
    turned = (pulse[:, 0] + 1j * pulse[:, 1]) * np.conj(carrier(frequency, phase))
    samples = turned.real
    return {"envelope": samples / np.abs(samples).max()}

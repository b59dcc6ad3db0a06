"""Infidelity of an envelope after an ideal calibration of its gain, frequency and phase."""

from transmon.days import judge, read_days, report
from transmon.tone import ideal_tone


def score(reference, prediction):
    """Give the envelope the tone that suits the hidden days best, then simulate every draw."""
    days = read_days(reference)
    pulse = ideal_tone(prediction, days.draws)
    return report(judge(pulse, days), pulse)


def losses(reference, prediction):
    """(mean + worst) / 2 of each hidden day, days in rising order."""
    days = read_days(reference)
    return judge(ideal_tone(prediction, days.draws), days).losses

"""Infidelity of a pulse on hidden days, leakage counted tenfold on top."""

from transmon.days import judge, read_days, report

LEAKAGE_WEIGHT = 10.0
"""Gates, or rounds of error correction, that a leaked transmon spoils before it is back."""


def score(reference, prediction):
    """Simulate every draw; a day's loss is (mean + worst) / 2 + 10 x mean leakage."""
    found = judge(prediction, read_days(reference))
    return report(found, prediction) | {"leaky_infidelity": float(_losses(found).mean())}


def losses(reference, prediction):
    """Loss of each hidden day, days in rising order."""
    return _losses(judge(prediction, read_days(reference)))


def _losses(found):
    return found.losses + LEAKAGE_WEIGHT * found.leakage

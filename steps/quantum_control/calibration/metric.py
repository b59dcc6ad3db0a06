"""Infidelity of a pulse on hidden days."""

from transmon.days import judge, read_days, report


def score(reference, prediction):
    """Simulate every draw; a day's loss is (mean + worst) / 2 over its draws."""
    return report(judge(prediction, read_days(reference)), prediction)


def losses(reference, prediction):
    """(mean + worst) / 2 of each hidden day, days in rising order."""
    return judge(prediction, read_days(reference)).losses

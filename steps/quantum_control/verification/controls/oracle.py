"""Ceiling: the best pulse for the hidden days themselves, and what they say of it.

From a raised cosine or from the pulse that is there, whichever ends better; then improved on every
hidden draw.
"""

from transmon.ceiling import best_of, improved, raised_cosine
from transmon.certificate import honest_claims, write_certificate
from transmon.days import judge, read_days


def control(inputs, truths, *, rng):
    days, limit = read_days(truths["draws"]), inputs["device"]["max_drive_mhz"]
    starts = (raised_cosine(days), inputs["pulse"])
    found = [improved(pulse, days, limit_mhz=limit, weights=(1.0, 1.0)) for pulse in starts]
    pulse = best_of(found, days, limit_mhz=limit, weight=1.0)
    return {"certificate": write_certificate(honest_claims(pulse, judge(pulse, days)))}

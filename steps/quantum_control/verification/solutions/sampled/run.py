"""Simulate the pulse on every calibration run and claim the quantiles over days."""

from transmon.certificate import honest_claims, write_certificate
from transmon.days import judge, read_days


def solve(inputs, *, params, rng):
    days = read_days(inputs["calibration"])
    certificate = honest_claims(inputs["pulse"], judge(inputs["pulse"], days))
    return {"certificate": write_certificate(certificate)}

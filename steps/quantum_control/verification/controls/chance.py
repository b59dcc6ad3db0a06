"""Floor: claim what a gate that does nothing would deserve."""

from transmon.certificate import Certificate, write_certificate


def control(inputs, truths, *, rng):
    claims = Certificate(inputs["pulse"], typical=2 / 3, guaranteed=2 / 3, leakage=2 / 3)
    return {"certificate": write_certificate(claims)}

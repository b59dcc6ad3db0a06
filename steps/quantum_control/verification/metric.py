"""How well the claims of a certificate foretell what hidden days find of its pulse."""

import numpy as np
from transmon.certificate import claim_losses, read_certificate
from transmon.days import judge, peak_mhz, read_days


def score(reference, prediction):
    """Simulate the certified pulse on every draw and hold its claims against that."""
    certificate = read_certificate(prediction)
    found = judge(certificate.pulse, read_days(reference))
    return {
        "claim_loss": float(claim_losses(certificate, found).mean()),
        "infidelity": float(found.losses.mean()),
        "leakage": float(found.leakage.mean()),
        "overclaimed": float(np.mean(found.worst > certificate.guaranteed)),
        "drive_peak": peak_mhz(certificate.pulse),
    }


def losses(reference, prediction):
    """Loss of each hidden day, days in rising order."""
    certificate = read_certificate(prediction)
    return claim_losses(certificate, judge(certificate.pulse, read_days(reference)))

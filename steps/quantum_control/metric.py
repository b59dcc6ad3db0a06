"""What the certified pulse does on hidden days, and whether its claims were honest."""

import numpy as np
from transmon.certificate import claim_losses, read_certificate
from transmon.days import judge, read_days, report


def score(reference, prediction):
    """Simulate the certified pulse on every draw.

    `infidelity` ranks: the mean over days of (mean + worst) / 2. `overclaimed` is the share of
    days on which a draw was worse than guaranteed, a tenth if the guarantee is exact.
    """
    certificate = read_certificate(prediction)
    found = judge(certificate.pulse, read_days(reference))
    return report(found, certificate.pulse) | {
        "overclaimed": float(np.mean(found.worst > certificate.guaranteed)),
        "claim_loss": float(claim_losses(certificate, found).mean()),
    }


def losses(reference, prediction):
    """(mean + worst) / 2 of each hidden day, days in rising order."""
    certificate = read_certificate(prediction)
    return judge(certificate.pulse, read_days(reference)).losses

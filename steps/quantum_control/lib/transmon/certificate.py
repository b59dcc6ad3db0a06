"""A pulse with what is claimed of it, and how claims are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from transmon.days import Judged, check_pulse

TYPICAL_LEVEL = 0.5
GUARANTEED_LEVEL = 0.9
"""Share of days on which a guarantee must hold."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A pulse and three claims, each a quantile over device-days."""

    pulse: np.ndarray
    typical: float
    """Median over days of the day's mean infidelity."""
    guaranteed: float
    """Infidelity that on 90 % of the days no draw exceeds."""
    leakage: float
    """Leakage that on 90 % of the days the day's mean does not exceed."""


def write_certificate(certificate: Certificate) -> dict[str, Any]:
    """Give the JSON object of a certificate."""
    return {
        "pulse": [[float(i), float(q)] for i, q in certificate.pulse],
        "typical_infidelity": float(certificate.typical),
        "guaranteed_infidelity": float(certificate.guaranteed),
        "leakage": float(certificate.leakage),
    }


def read_certificate(document: dict[str, Any]) -> Certificate:
    """Read a certificate.

    Raises
    ------
    ValueError
        The pulse is none, or a claim is no share between 0 and 1.
    """
    pairs = document["pulse"]
    numbers = all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_number, pair))
        for pair in pairs
    )
    if not numbers:
        raise ValueError("the certified pulse must be pairs of I and Q in MHz")
    pulse = np.array(pairs, dtype=float)
    check_pulse(pulse)
    names = ("typical_infidelity", "guaranteed_infidelity", "leakage")
    claims = [float(document[name]) for name in names]
    for name, claim in zip(names, claims, strict=True):
        if not 0.0 <= claim <= 1.0:
            raise ValueError(f"{name} is {claim:g}, a share is between 0 and 1")
    return Certificate(pulse, *claims)


def quantile_risk(claim: float, found: np.ndarray, level: float) -> np.ndarray:
    """Give claim + max(0, found - claim) / (1 - level) for each day, in the unit of the claim.

    The mean over days is least for the quantile of that level, so neither a larger nor a smaller
    claim pays; the least value is the mean of what is found beyond that quantile, so a pulse that
    is foreseeable but bad does not pay either.

    References
    ----------
    Rockafellar and Uryasev (2000), doi:10.21314/JOR.2000.038, theorem 1; Gneiting (2011),
    doi:10.1198/jasa.2011.r10138.

    Examples
    --------
    >>> quantile_risk(0.5, np.array([0.25, 0.75]), 0.5).tolist()
    [0.5, 1.0]
    """
    return claim + np.maximum(0.0, found - claim) / (1.0 - level)


def claim_losses(certificate: Certificate, judged: Judged) -> np.ndarray:
    """Give each day's loss: the two claims on infidelity in equal parts, and that on leakage."""
    return (
        0.5 * quantile_risk(certificate.typical, judged.mean, TYPICAL_LEVEL)
        + 0.5 * quantile_risk(certificate.guaranteed, judged.worst, GUARANTEED_LEVEL)
        + quantile_risk(certificate.leakage, judged.leakage, GUARANTEED_LEVEL)
    )


def honest_claims(pulse: np.ndarray, judged: Judged) -> Certificate:
    """Give the certificate whose claims are the quantiles of days that were looked at.

    The quantile of n days is the one of rank ceil(level * n), which the mean loss over these same
    days has for its least value.
    """
    return Certificate(
        pulse,
        typical=_quantile(judged.mean, TYPICAL_LEVEL),
        guaranteed=_quantile(judged.worst, GUARANTEED_LEVEL),
        leakage=_quantile(judged.leakage, GUARANTEED_LEVEL),
    )


def _quantile(values: np.ndarray, level: float) -> float:
    return float(np.quantile(values, level, method="inverted_cdf"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

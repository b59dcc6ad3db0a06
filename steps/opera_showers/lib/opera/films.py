"""What emulsion films see of a cascade: which crossings become base-tracks, and how well measured.

References
----------
.. [1] L. Arrabito et al., JINST 2 (2007) P05004, doi:10.1088/1748-0221/2/05/P05004.
.. [2] N. Agafonova et al. (OPERA), momentum by multiple Coulomb scattering, New J. Phys. 14 (2012)
   013026, doi:10.1088/1367-2630/14/1/013026.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opera import lead


@dataclass(frozen=True, slots=True)
class Response:
    """Films and the selection of base-tracks."""

    straight: float = 0.95
    """Efficiency for a base-track across the film."""
    per_slope: float = 0.35
    """Efficiency lost per unit of slope: 0.81 at 0.4, of the order of [1]."""
    max_slope: float = 0.5
    half_momentum_mev: float = 90.0
    """Scale p0 of the selection: kept with probability 1 - exp(-(p / p0)^2 / 2)."""
    position_um: float = 2.0
    """Resolution of x and y, alignment of films included (of the order of [1])."""
    slope: float = 0.002
    """Resolution of slopes straight across the film, of the order of [1] and [2]."""
    slope_growth: float = 5.0
    """Growth of the error along the slope, 1 + 5 tan(theta): of the order of [2]."""


def efficiency(slope: np.ndarray, response: Response) -> np.ndarray:
    """Chance that a film sees a particle at slope tan(theta); none beyond the acceptance."""
    seen = response.straight - response.per_slope * slope
    return np.where(slope < response.max_slope, np.clip(seen, 0, 1), 0.0)


def selection(momentum: np.ndarray, response: Response) -> np.ndarray:
    """Chance that a base-track of this momentum (MeV) is selected.

    A selected base-track continues a neighbour's within 60 mrad. Highland's angle in a plate of
    lead is 5.4 MeV / p, so the chance is 1 - exp(-(p / p0)^2 / 2) with p0 = 5.4 / 0.060 = 90 MeV.
    It is drawn for each base-track by itself: a model of the selection, not the selection.
    """
    return -np.expm1(-0.5 * (momentum / response.half_momentum_mev) ** 2)


def see(
    crossings: dict[str, np.ndarray], *, response: Response, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Measure crossings (x, y, tx, ty, and e in MeV), and say which become base-tracks.

    The acceptance in slope is a cut on what was measured, as it is for the background.
    """
    where = (crossings[name] for name in ("x", "y", "tx", "ty"))
    measured = measure(*where, response=response, rng=rng)
    slope = np.hypot(measured["tx"], measured["ty"])
    momentum = np.sqrt(crossings["e"] ** 2 - lead.MASS_MEV**2)
    chance = efficiency(slope, response) * selection(momentum, response)
    return measured, rng.random(slope.size) < chance


def measure(
    x: np.ndarray,
    y: np.ndarray,
    tx: np.ndarray,
    ty: np.ndarray,
    *,
    response: Response,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Smear positions and slopes, and give them in the steps of the scanner's read-out.

    Positions come in steps of 0.01 um and slopes of 1e-5: far below the resolution, and coarse
    enough that the last bits of a machine's arithmetic do not reach the files.
    """
    tan = np.hypot(tx, ty)
    safe = np.maximum(tan, 1e-12)
    along = rng.normal(0, 1, tan.size) * response.slope * (1 + response.slope_growth * tan)
    across = rng.normal(0, 1, tan.size) * response.slope
    cos, sin = np.where(tan > 0, tx / safe, 1.0), np.where(tan > 0, ty / safe, 0.0)
    shift = rng.normal(0, response.position_um, (2, tan.size))
    return {
        "x": np.round(x + shift[0], 2),
        "y": np.round(y + shift[1], 2),
        "tx": np.round(tx + along * cos - across * sin, 5),
        "ty": np.round(ty + along * sin + across * cos, 5),
    }

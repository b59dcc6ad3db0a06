"""Showers in lead without films and without end: their length, width and total track length.

It is there that textbooks say what a shower looks like; validation.py and plots.py compare.

References
----------
.. [1] S. Navas et al. (Particle Data Group), Phys. Rev. D 110 (2024) 030001, section 34.5,
   doi:10.1103/PhysRevD.110.030001.
.. [2] E. Longo and I. Sestili, Nucl. Instrum. Methods 128 (1975) 283,
   doi:10.1016/0029-554X(75)90679-5: the gamma shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import curve_fit
from scipy.stats import gamma

from opera import cascade, lead

DEPTHS = np.arange(0.0, 40.01, 0.25)
"""Edges of the bins in depth, in X0."""
RADII = np.append(0.0, np.geomspace(1e-3, 10.0, 161))
"""Edges of the bins in distance from the axis, in Molière radii."""
_GEV_AT_ONCE = 400.0


@dataclass(frozen=True, slots=True)
class Development:
    """Showers of one energy. Energies are shares of the primary's."""

    energy_gev: float
    profile: np.ndarray
    """Energy by shower and bin of DEPTHS; what goes back beyond the start is not in it."""
    radial: np.ndarray
    """Energy by bin of RADII, mean of all showers."""
    total: np.ndarray
    """All energy left in the lead, by shower."""
    length: np.ndarray
    """Length of all tracks above the cut by shower, in X0."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A gamma distribution fitted to a mean profile: b (b t)^(a-1) exp(-b t) / Gamma(a)."""

    a: float
    b: float
    share: float
    """Integral of the fit: the share of the energy that it describes."""
    deviation: float
    """Largest distance from the profile beyond the first X0, over the profile's maximum."""

    @property
    def t_max(self) -> float:
        """Depth of the maximum in X0: (a - 1) / b.

        >>> Shape(a=3.5, b=0.5, share=1.0, deviation=0.0).t_max
        5.0
        """
        return (self.a - 1) / self.b

    def at(self, depth: np.ndarray) -> np.ndarray:
        """Give the share of the energy in one X0 at depths in X0."""
        return self.share * gamma.pdf(depth, self.a, scale=1 / self.b)


def primaries(energy_mev: float, count: int) -> cascade.Pool:
    """Make electrons of one energy at the origin, along z."""
    pool = {name: np.zeros(count) for name in ("x", "y", "u", "dx", "dy")}
    return {**pool, "dz": np.ones(count), "e": np.full(count, energy_mev)}


def develop(
    energy_gev: float, count: int, *, rng: np.random.Generator, cut_mev: float = 1.0
) -> Development:
    """Follow `count` electrons to the end in lead without end."""
    settings = cascade.Settings(cut=cut_mev, hard=min(cut_mev, 1.0), plates=None)
    at_once = max(1, int(_GEV_AT_ONCE / energy_gev))
    parts = []
    for start in range(0, count, at_once):
        many = min(at_once, count - start)
        begun = primaries(energy_gev * 1000, many)
        record = cascade.simulate(begun, settings=settings, rng=rng, tally=True)
        parts.append(_histograms(record.table("deposits"), many, energy_gev * 1000))
    profile, radial, total, length = zip(*parts, strict=True)
    return Development(
        energy_gev,
        np.concatenate(profile),
        np.sum(radial, axis=0) / count,
        np.concatenate(total),
        np.concatenate(length),
    )


def fit(profile: np.ndarray) -> Shape:
    """Fit a gamma shape to a mean profile in the bins of DEPTHS, by least squares.

    The first X0 is left out: the shape begins at zero, a shower with its electron's ionisation.
    """
    late = DEPTHS[:-1] >= 1
    middle = ((DEPTHS[1:] + DEPTHS[:-1]) / 2)[late]
    density = (profile / np.diff(DEPTHS))[late]

    def shape(t: np.ndarray, a: float, b: float, share: float) -> np.ndarray:
        return share * gamma.pdf(t, a, scale=1 / b)

    (a, b, share), _ = curve_fit(shape, middle, density, p0=(3.5, 0.5, 1.0))
    away = np.abs(density - shape(middle, a, b, share)).max() / density.max()
    return Shape(float(a), float(b), float(share), float(away))


def contained(development: Development, radii: float) -> float:
    """Share of the energy nearer to the axis than so many Molière radii."""
    inside = np.append(0.0, np.cumsum(development.radial)) / development.total.mean()
    return float(np.interp(radii, RADII, inside))


def _histograms(
    deposits: cascade.Pool, count: int, energy_mev: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    shower, weight = deposits["shower"], deposits["energy"] / energy_mev
    where = (np.arange(count + 1) - 0.5, DEPTHS)
    profile, *_ = np.histogram2d(shower, deposits["u"] / lead.X0_UM, bins=where, weights=weight)
    radius = np.hypot(deposits["x"], deposits["y"]) / lead.MOLIERE_UM
    radial, _ = np.histogram(radius, bins=RADII, weights=weight)
    total = np.bincount(shower, weight, minlength=count)
    length = np.bincount(shower, deposits["length"], minlength=count) / lead.X0_UM
    return profile, radial, total, length

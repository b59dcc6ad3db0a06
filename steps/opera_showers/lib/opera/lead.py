"""Lead as electrons and photons see it: lengths, cross-sections, scattering. Energies in MeV.

Lengths are in radiation lengths of lead (X0 = 5.6 mm) unless a name says otherwise.

References
----------
.. [1] S. Navas et al. (Particle Data Group), Review of Particle Physics, Phys. Rev. D 110
   (2024) 030001, sections 34.3 to 34.5, doi:10.1103/PhysRevD.110.030001.
.. [2] Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815, doi:10.1103/RevModPhys.46.815.
.. [3] V. L. Highland, Nucl. Instrum. Methods 129 (1975) 497, doi:10.1016/0029-554X(75)90743-0;
   G. R. Lynch and O. I. Dahl, Nucl. Instrum. Methods B 58 (1991) 6,
   doi:10.1016/0168-583X(91)95671-Y.
.. [4] J. C. Butcher and H. Messel, Nucl. Phys. 20 (1960) 15, doi:10.1016/0029-5582(60)90162-0:
   the screening functions.
.. [5] J. H. Hubbell and S. M. Seltzer, NISTIR 5632 (1995), doi:10.18434/T4D01F: lead.
"""

from __future__ import annotations

import numpy as np

X0_UM = 5600.0
"""Radiation length of lead."""
CRITICAL_MEV = 7.4
"""Critical energy in Rossi's sense: ionisation loss in one X0 ([1], 34.4.4)."""
MOLIERE_UM = X0_UM * 21.2 / CRITICAL_MEV
"""Molière radius, 16 mm ([1], 34.5)."""
MASS_MEV = 0.51099895
Z = 82.0
_COULOMB = 0.3310
"""Coulomb correction f(Z) of lead ([2], eq. 3.3)."""
_COULOMB_MEV = 20.0
BREMS_MOST = 4 / 3
"""Bound on `brems_shape` for photons above 1 MeV."""
_SCREEN = 136.0 * Z ** (-1 / 3)
_THOMSON_PER_X0 = 6.37 * 0.3958 * 6.02214e23 * 6.6524587e-25
"""Thomson cross-section of all electrons in one radiation length: 6.37 g/cm2, Z/A = 0.3958."""


def _screening(delta: np.ndarray, energy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Butcher-Messel functions, less the terms of Z, over their value at complete screening.

    The Coulomb correction is one of high energies; it sets in about `_COULOMB_MEV`, which gives
    NIST's attenuation of photons ([5]) to 3 % from 6 MeV and to 10 % from 2 MeV.
    """
    far = 21.12 - 4.184 * np.log(np.maximum(delta, 1.0) + 0.952)
    near = np.minimum(delta, 1.0)
    complete = 4 / 3 * np.log(Z) + 4 * _COULOMB
    shift = complete - 4 * _COULOMB * np.exp(-energy / _COULOMB_MEV)
    first = np.where(delta > 1, far, 20.867 - 3.242 * near + 0.625 * near**2) - shift
    second = np.where(delta > 1, far, 20.209 - 1.930 * near - 0.086 * near**2) - shift
    return np.maximum(first, 0) / (20.867 - complete), np.maximum(second, 0) / (20.209 - complete)


def pair_shape(x: np.ndarray, photon: np.ndarray) -> np.ndarray:
    """Pairs made in one X0 per unit of x, the share of the photon's energy that the electron has.

    Complete screening ([1], 34.4.5: 1 - 4/3 x (1 - x)), lowered where screening is finite.

    >>> float(pair_shape(0.5, 1e6).round(3))
    0.667
    """
    delta = _SCREEN * MASS_MEV / (photon * np.clip(x * (1 - x), 1e-12, None))
    first, second = _screening(delta, photon)
    return (x**2 + (1 - x) ** 2) * first + 2 / 3 * x * (1 - x) * second


def brems_shape(y: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Photons in one X0 per unit of ln y, y the share of the electron's energy.

    Complete screening ([1], 34.4.3: 4/3 - 4/3 y + y^2), lowered where screening is finite; never
    above `BREMS_MOST`.

    >>> float(brems_shape(0.5, 1e6).round(3))
    0.917
    """
    delta = _SCREEN * MASS_MEV * y / (energy * np.clip(1 - y, 1e-12, None))
    first, second = _screening(delta, energy)
    return (1 + (1 - y) ** 2) * first - 2 / 3 * (1 - y) * second


def photoelectric(photon: np.ndarray) -> np.ndarray:
    """Photons absorbed by atoms in one X0: 0.018 cm2/g at 1 MeV, falling as k^-1.6 ([5])."""
    return 6.37 * 0.018 * photon**-1.6


def compton(photon: np.ndarray) -> np.ndarray:
    """Compton scatterings in one X0: Klein and Nishina's formula, free electrons."""
    k = photon / MASS_MEV
    log = np.log1p(2 * k)
    total = (1 + k) / k**2 * (2 * (1 + k) / (1 + 2 * k) - log / k)
    total += log / (2 * k) - (1 + 3 * k) / (1 + 2 * k) ** 2
    return 0.75 * _THOMSON_PER_X0 * total


def scattering_angle(momentum: np.ndarray, length: np.ndarray) -> np.ndarray:
    """RMS of the projected angle after `length` X0, in rad: Highland ([1], 34.3; [3]).

    Steps are shorter than a plate; the logarithm is that of one plate of 1 mm (0.179 X0), so that
    the steps through a plate add up to Highland's angle of the plate.
    """
    plate = 1000.0 / X0_UM
    return 13.6 / momentum * np.sqrt(length) * (1 + 0.038 * np.log(plate))

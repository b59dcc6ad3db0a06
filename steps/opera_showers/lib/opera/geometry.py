"""Where films and lead plates of the brick are, and how base-tracks are carried between them.

Film p lies at z = 1300 p um; between films p and p + 1 is a lead plate of 1 mm. The brick and its
films: R. Acquafredda et al. (OPERA), JINST 4 (2009) P04018, doi:10.1088/1748-0221/4/04/P04018.
"""

from __future__ import annotations

import numpy as np

FILMS = 57
"""Films in a brick: plates 0..56."""
LEAD_UM = 1000.0
"""Thickness of a lead plate."""
FILM_UM = 300.0
"""Room that a film takes: two layers of emulsion of 44 um on a base of 205 um, and air."""
PITCH_UM = LEAD_UM + FILM_UM
"""Distance from a film to the next."""


def z_of(plate: np.ndarray | float) -> np.ndarray:
    """Depth of films, in um.

    >>> z_of(np.array([0, 2])).tolist()
    [0.0, 2600.0]
    """
    return np.asarray(plate, dtype=float) * PITCH_UM


def extrapolate(
    position: np.ndarray, slope: np.ndarray, plate: np.ndarray, to: np.ndarray
) -> np.ndarray:
    """Carry positions (um) along slopes from one plate to another.

    >>> float(extrapolate(10.0, 0.1, 0, 2))
    270.0
    """
    return position + slope * (z_of(to) - z_of(plate))


def space_angle(
    tx: np.ndarray, ty: np.ndarray, other_tx: np.ndarray, other_ty: np.ndarray
) -> np.ndarray:
    """Angle between two directions given as slopes, in rad, from 0 to pi / 2.

    >>> round(float(space_angle(0.0, 0.0, 0.0, 0.1)), 6)
    0.099669
    """
    first = _unit(tx, ty)
    second = _unit(other_tx, other_ty)
    across = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.arctan2(across, np.sum(first * second, axis=-1))


def _unit(tx: np.ndarray, ty: np.ndarray) -> np.ndarray:
    parts = np.stack(np.broadcast_arrays(tx, ty, 1.0), axis=-1).astype(float)
    return parts / np.linalg.norm(parts, axis=-1, keepdims=True)

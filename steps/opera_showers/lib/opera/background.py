"""Base-tracks that belong to no shower: uniform in position, with slopes as films accept them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opera import geometry


@dataclass(frozen=True, slots=True)
class Background:
    """How much of it there is, and where it points.

    Films of OPERA record cosmic rays, natural radioactivity and chance coincidences of micro-tracks
    from their making on. 20 a cm2 and film, a choice of this challenge, make some 60 to 65 % of a
    volume's base-tracks background. Each is a base-track of its own: tracks that cross many films
    are known from the alignment and are taken out before.
    """

    density_cm2: float = 20.0
    """Base-tracks in a cm2 of film."""
    slope: float = 0.15
    """RMS of the projected slopes, before the films' acceptance cuts them off."""


def draw(
    volumes: np.ndarray,
    *,
    background: Background,
    half_width: float,
    max_slope: float,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draw the background of volumes: windows of twice `half_width` um, in all films."""
    area_cm2 = (2 * half_width * 1e-4) ** 2
    many = rng.poisson(background.density_cm2 * area_cm2 * geometry.FILMS, volumes.size)
    count = int(many.sum())
    slopes = _slopes(count, background.slope, max_slope, rng)
    where = np.round(rng.uniform(-half_width, half_width, (2, count)), 2)
    nothing = np.full(count, -1)
    return {
        "volume": np.repeat(volumes, many),
        "plate": rng.integers(0, geometry.FILMS, count),
        "x": where[0],
        "y": where[1],
        "tx": slopes[0],
        "ty": slopes[1],
        "shower": nothing,
        "particle": nothing,
    }


def _slopes(count: int, rms: float, most: float, rng: np.random.Generator) -> np.ndarray:
    slopes = np.round(rng.normal(0, rms, (2, count)), 5)
    while (wide := np.hypot(*slopes) >= most).any():
        slopes[:, wide] = np.round(rng.normal(0, rms, (2, int(wide.sum()))), 5)
    return slopes

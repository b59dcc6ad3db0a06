"""Pairs of base-tracks that could follow each other: near where the upstream one points."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from opera.geometry import PITCH_UM, extrapolate

_APART = 1.0e6
"""Puts films of other volumes out of reach, in um."""
_FILMS = 64


def near(tracks: pd.DataFrame, *, reach_um: float, films: int) -> pd.DataFrame:
    """Give pairs (a, b): b lies 1 to `films` films further, near the point that a points to.

    Parameters
    ----------
    tracks : DataFrame with volume, plate, x, y, tx, ty
        Any index; its rows are numbered from 0 here.
    reach_um : float
        Largest distance from that point, for each film between.

    Returns
    -------
    DataFrame with a, b (row numbers), films (1 to `films`) and distance (um), by (a, b)

    Examples
    --------
    >>> made = pd.DataFrame({"volume": 0, "plate": [0, 1, 1], "x": [0.0, 130.0, 900.0],
    ...                      "y": 0.0, "tx": 0.1, "ty": 0.0})
    >>> near(made, reach_um=50.0, films=2)[["a", "b", "films"]].to_numpy().tolist()
    [[0, 1, 1]]
    """
    place = np.unique(tracks["volume"], return_inverse=True)[1] * _FILMS
    plate = tracks["plate"].to_numpy()
    x, y, tx, ty = (tracks[name].to_numpy() for name in ("x", "y", "tx", "ty"))
    here = cKDTree(np.column_stack([x, y, (place + plate) * _APART]))
    found = []
    for gap in range(1, films + 1):
        to = plate + gap
        ahead = np.column_stack(
            [extrapolate(x, tx, plate, to), extrapolate(y, ty, plate, to), (place + to) * _APART]
        )
        pairs = cKDTree(ahead).sparse_distance_matrix(here, reach_um * gap, output_type="ndarray")
        found.append(
            pd.DataFrame({"a": pairs["i"], "b": pairs["j"], "films": gap, "distance": pairs["v"]})
        )
    return pd.concat(found, ignore_index=True).sort_values(["a", "b"], ignore_index=True)


def geometry(tracks: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Tell how well both tracks of each pair fit, per film between them and in units of angle.

    Columns: films; ahead, back (distance from where the one points to the other, mrad of the
    way); bend (angle between them, mrad); kink (distance from the middle between both ways, mrad);
    slope_a, slope_b (rad); plate.
    """
    a, b = tracks.iloc[pairs["a"]], tracks.iloc[pairs["b"]]
    way = PITCH_UM * pairs["films"].to_numpy()
    dx, dy = b["x"].to_numpy() - a["x"].to_numpy(), b["y"].to_numpy() - a["y"].to_numpy()
    ax, ay, bx, by = (t[n].to_numpy() for t in (a, b) for n in ("tx", "ty"))
    mx, my = (ax + bx) / 2, (ay + by) / 2
    return pd.DataFrame(
        {
            "films": pairs["films"].to_numpy(),
            "ahead": 1000 * np.hypot(dx - ax * way, dy - ay * way) / way,
            "back": 1000 * np.hypot(dx - bx * way, dy - by * way) / way,
            "kink": 1000 * np.hypot(dx - mx * way, dy - my * way) / way,
            "bend": 1000 * np.hypot(bx - ax, by - ay),
            "slope_a": np.hypot(ax, ay),
            "slope_b": np.hypot(bx, by),
            "plate": a["plate"].to_numpy(),
        }
    )

"""Cones around the brightest tracks of a volume: the nearer to a cone's axis, the likelier.

A track is as bright as the links are that lead on from it and from those that they lead to. The
brightest one in the first films begins a shower; what is in its cone is taken; then the next.
"""

import numpy as np
import pandas as pd
from opera.geometry import PITCH_UM
from scipy.sparse import csr_matrix

SHOWERS = 3
HOPS = 6
FIRST_FILMS = 15
NEXT = 0.5
"""Part of the first seed's brightness that a further one must have."""
WIDTH_UM, GROWTH = 150.0, 0.02
"""Width of a cone at its seed, and how it grows with depth."""


def solve(inputs, *, params, rng):
    tracks = inputs["tracks"].sort_values(["volume", "track"], ignore_index=True)
    bright = _brightness(tracks, inputs["links"])
    told = np.zeros(len(tracks))
    for rows in tracks.groupby("volume").indices.values():
        told[rows] = _cones(tracks.iloc[rows], bright[rows])
    return {"signal": tracks[["volume", "track"]].assign(probability=told)}


def _brightness(tracks, links):
    """Sum the scores of what a track leads to, and of what that leads to, six hops far."""
    row = pd.Series(
        np.arange(len(tracks)), index=pd.MultiIndex.from_frame(tracks[["volume", "track"]])
    )
    links = links.sort_values(["volume", "a", "b"])
    a = row.loc[pd.MultiIndex.from_frame(links[["volume", "a"]])].to_numpy()
    b = row.loc[pd.MultiIndex.from_frame(links[["volume", "b"]])].to_numpy()
    leads = csr_matrix((links["score"].to_numpy(), (a, b)), shape=(len(tracks),) * 2)
    bright = np.zeros(len(tracks))
    for _ in range(HOPS):
        bright = leads @ (1.0 + bright)
    return bright


def _cones(tracks, bright):
    x, y, plate, tx, ty = (tracks[n].to_numpy() for n in ("x", "y", "plate", "tx", "ty"))
    begins = np.where(plate < FIRST_FILMS, bright, -1.0)
    told, first = np.zeros(len(tracks)), begins.max(initial=0.0)
    for _ in range(SHOWERS):
        seed = int(np.argmax(begins))
        if begins[seed] <= NEXT * first:
            break
        depth = PITCH_UM * (plate - plate[seed])
        off = np.hypot(x - x[seed] - tx[seed] * depth, y - y[seed] - ty[seed] * depth)
        near = 1.0 / (1.0 + (off / (WIDTH_UM + GROWTH * np.abs(depth))) ** 2)
        near = np.where(depth >= 0, near, 0.2 * near)
        told, begins = np.maximum(told, near), np.where(near >= 0.5, -1.0, begins)
    return told

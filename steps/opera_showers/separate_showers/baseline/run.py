"""Clusters are where likely shower tracks lie densely in space, whatever their direction.

M. Ester et al., A density-based algorithm for discovering clusters in large spatial databases
with noise, KDD 1996, 226; here with depth counted for less than width.
"""

import numpy as np
from sklearn.cluster import DBSCAN

TRACK = ["volume", "track"]
APART_UM = 1e6
"""Puts volumes out of each other's reach."""


def solve(inputs, *, params, rng):
    tracks = inputs["tracks"].merge(inputs["signal"], on=TRACK, validate="1:1")
    tracks = tracks.sort_values(TRACK, ignore_index=True)
    likely = (tracks["probability"] >= 0.5).to_numpy()
    volume = np.unique(tracks["volume"], return_inverse=True)[1]
    depth = tracks["plate"] * params["film_um"] + volume * APART_UM
    place = np.column_stack([tracks["x"], tracks["y"], depth])[likely]
    cluster = np.full(len(tracks), -1)
    if likely.any():
        found = DBSCAN(eps=params["reach_um"], min_samples=params["least"]).fit(place)
        cluster[likely] = found.labels_
    return {"clusters": tracks[TRACK].assign(cluster=_numbered(volume, cluster))}


def _numbered(volume, cluster):
    """Number clusters from 0 within each volume; they come sorted by volume."""
    first = np.full(volume.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, volume[cluster >= 0], cluster[cluster >= 0])
    return np.where(cluster >= 0, cluster - first[volume], -1).astype(np.int32)

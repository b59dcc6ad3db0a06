"""What the link graph and the space around it tell of each base-track."""

import numpy as np
import pandas as pd
from opera.geometry import PITCH_UM
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

HOPS = 4
RADII_UM = (150.0, 400.0, 1000.0)
APART = 1.0e6


def features(tracks, links):
    """Give one row of numbers for each base-track; `tracks` are sorted and numbered from 0."""
    leads = _graph(tracks, links)
    told = [tracks["plate"].to_numpy(), np.hypot(tracks["tx"], tracks["ty"]).to_numpy()]
    for way in (leads, leads.T.tocsr()):
        told += _along(way)
    both = leads + leads.T.tocsr()
    told += _smoothed(both)
    told += _company(tracks, np.asarray(both.sum(axis=1)).ravel())
    return np.column_stack(told).astype(np.float32)


def _graph(tracks, links):
    index = pd.MultiIndex.from_frame(tracks[["volume", "track"]])
    row = pd.Series(np.arange(len(tracks)), index=index)
    links = links.sort_values(["volume", "a", "b"])
    a, b = (row.loc[pd.MultiIndex.from_frame(links[["volume", n]])].to_numpy() for n in ("a", "b"))
    return csr_matrix((links["score"].to_numpy(), (a, b)), shape=(len(tracks),) * 2)


def _along(way):
    """Best and summed score of the links one way, and how much is reached in a few hops."""
    best = np.asarray(way.max(axis=1).todense()).ravel()
    reached, told = np.zeros(way.shape[0]), [best]
    for _ in range(HOPS):
        reached = way @ (1.0 + reached)
        told.append(reached)
    return told


def _smoothed(both):
    """Mean company of a track's linked ones, one and two links away."""
    weight = np.asarray(both.sum(axis=1)).ravel()
    mean = both @ weight / np.maximum(weight, 1e-9)
    return [mean, both @ mean / np.maximum(weight, 1e-9)]


def _company(tracks, linked):
    """Count what lies around a track and points the way it does, within three films."""
    volume = np.unique(tracks["volume"], return_inverse=True)[1] * APART
    at = PITCH_UM * tracks["plate"].to_numpy()
    x, y, tx, ty = (tracks[n].to_numpy() for n in ("x", "y", "tx", "ty"))
    told = []
    for radius in RADII_UM:
        # Depth counts for less than width: a shower is long and narrow.
        place = np.column_stack([x, y, at * radius / (4 * PITCH_UM) + volume])
        pairs = cKDTree(place).query_pairs(radius, output_type="ndarray")
        one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
        like = np.exp(-np.hypot(tx[one] - tx[other], ty[one] - ty[other]) / 0.05)
        told.append(np.bincount(one, weights=like, minlength=len(tracks)))
        told.append(np.bincount(one, weights=like * linked[other], minlength=len(tracks)))
    return told

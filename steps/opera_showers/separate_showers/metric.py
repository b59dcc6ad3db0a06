"""Are base-tracks of the same shower in the same cluster, and those of different ones not?"""

import numpy as np

TRACK = ["volume", "track"]


def score(reference, prediction):
    """Adjusted Rand index of each volume's base-tracks, and the mean over volumes.

    `adjusted_rand` ranks. Background and what is in no cluster count as groups of one, so that
    background that was kept and shower tracks that were lost both cost. `together` is the share of
    pairs of one shower that are in one cluster, `apart` the share of pairs in one cluster that
    are of one shower; a volume without such pairs has 1.
    """
    both, same, joined, _ = _pairs(reference, prediction)
    return {
        "adjusted_rand": float(1.0 - losses(reference, prediction).mean()),
        "together": float(np.where(same > 0, both / np.maximum(same, 1), 1.0).mean()),
        "apart": float(np.where(joined > 0, both / np.maximum(joined, 1), 1.0).mean()),
    }


def losses(reference, prediction):
    """1 - adjusted Rand index of each volume, by number."""
    both, same, joined, all_ = _pairs(reference, prediction)
    chance = same * joined / np.maximum(all_, 1)
    best = (same + joined) / 2
    certain = best == chance  # nothing to tell: no pair in either, or all pairs in both
    return 1.0 - np.where(certain, 1.0, (both - chance) / np.where(certain, 1.0, best - chance))


def _pairs(reference, prediction):
    """Count pairs by volume: together in both, in truth, in the clusters, and all."""
    keys = (reference[TRACK].to_numpy(), prediction[TRACK].to_numpy())
    if keys[0].shape != keys[1].shape or not (keys[0] == keys[1]).all():
        raise ValueError("clusters are not those of the truth's base-tracks, row by row")
    cluster = prediction["cluster"].to_numpy()
    if not (np.isfinite(cluster).all() and (cluster >= -1).all()):
        raise ValueError("a cluster's number is below -1")
    volume = np.unique(keys[0][:, 0], return_inverse=True)[1].ravel()
    shower = reference["shower"].to_numpy()
    rows = np.ones(len(volume), dtype=bool)
    return (
        _together(volume, [shower, cluster], (shower >= 0) & (cluster >= 0)),
        _together(volume, [shower], shower >= 0),
        _together(volume, [cluster], cluster >= 0),
        _together(volume, [], rows),
    )


def _together(volume, names, rows):
    """Pairs of chosen rows of one volume with the same names; shape (volumes,)."""
    columns = np.stack([volume, *names])[:, rows].astype(np.int64)
    groups, size = np.unique(columns, axis=1, return_counts=True)
    pairs = size * (size - 1) / 2
    return np.bincount(groups[0], pairs, minlength=int(volume.max(initial=-1)) + 1)

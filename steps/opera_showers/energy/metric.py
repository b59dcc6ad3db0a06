"""Spread of the relative energy residuals around their median, so that a common factor is free."""

import numpy as np
from opera.matching import claimed, match
from opera.resolution import half_width, residuals


def score(reference, prediction):
    """Compare each true shower's energy with that of the one it is paired with.

    `resolution` ranks: the mean distance of the residuals (E_rec - E) / E from their median, cut
    off at 1; a shower that was not found has -1. `half_width` is the distance within which 68 %
    are, `bias` the median, `precision` the share of claimed showers that are paired, `recall`
    that of true ones.
    """
    pairs, relative = _paired(reference, prediction)
    found = int((pairs >= 0).sum())
    apart = _apart(relative)
    return {
        "resolution": float(apart.mean()),
        "half_width": half_width(apart),
        "bias": float(np.median(relative)),
        "precision": found / max(claimed(prediction), 1),
        "recall": found / len(reference),
    }


def losses(reference, prediction):
    """Distance of each true shower's residual from their median, cut off at 1."""
    return _apart(_paired(reference, prediction)[1])


def _apart(relative):
    return np.minimum(np.abs(relative - np.median(relative)), 1.0)


def _paired(reference, prediction):
    pairs = match(reference, prediction)
    measured = prediction["energy"].to_numpy()
    return pairs, residuals(reference["energy"].to_numpy(), measured, pairs)

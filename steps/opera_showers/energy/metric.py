"""Spread of measured over true energy around its median, so that a common factor is free."""

import numpy as np
from opera.matching import claimed, match
from opera.resolution import half_width, residuals


def score(reference, prediction):
    """Compare each true shower's energy with that of the one it is paired with.

    All energies are first divided by one factor, the median of E_rec / E of the showers found, so
    that nothing is won by making all of them small. `resolution` ranks: the mean size of the
    residuals that are left, cut off at 1; a shower that was not found has -1. `half_width` is the
    width that holds 68 % of them, `bias` that factor less 1, `precision` the share of claimed
    showers that are paired, `recall` that of true ones.
    """
    pairs, apart, factor = _compared(reference, prediction)
    found = int((pairs >= 0).sum())
    return {
        "resolution": float(apart.mean()),
        "half_width": half_width(apart),
        "bias": factor - 1.0,
        "precision": found / max(claimed(prediction), 1),
        "recall": found / len(reference),
    }


def losses(reference, prediction):
    """Size of each true shower's residual after the common factor, cut off at 1."""
    return _compared(reference, prediction)[1]


def _compared(reference, prediction):
    pairs = match(reference, prediction)
    energy, measured = reference["energy"].to_numpy(), prediction["energy"].to_numpy()
    residuals(energy, measured, pairs)  # refuses what is no energy, before it makes a factor
    found = pairs >= 0
    ratio = measured[pairs[found]] / energy[found]
    factor = float(np.median(ratio)) if found.any() else 1.0
    return pairs, np.abs(residuals(energy, measured / factor, pairs)), factor

"""How well the whole chain measures the energy of the showers that are there."""

import numpy as np
from opera.matching import claimed, match
from opera.resolution import half_width, residuals


def score(reference, prediction):
    """Compare each true shower's energy with that of the claimed shower it is paired with.

    `resolution` ranks: the half-width around 0 that holds 68 % of the residuals (E_rec - E) / E
    of all true showers, cut off at 1; a shower that was not found has -1. `bias` is the residuals'
    median, `mean_deviation` the mean of their size. `precision` is the share of claimed showers
    that are paired, `recall` that of true ones.
    """
    pairs, relative = _paired(reference, prediction)
    found = int((pairs >= 0).sum())
    return {
        "resolution": half_width(relative),
        "mean_deviation": float(np.abs(relative).mean()),
        "bias": float(np.median(relative)),
        "precision": found / max(claimed(prediction), 1),
        "recall": found / len(reference),
    }


def losses(reference, prediction):
    """Size of each true shower's residual, in the order of the truth's rows."""
    return np.abs(_paired(reference, prediction)[1])


def _paired(reference, prediction):
    pairs = match(reference, prediction)
    measured = prediction["energy"].to_numpy()
    return pairs, residuals(reference["energy"].to_numpy(), measured, pairs)

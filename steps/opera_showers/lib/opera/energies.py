"""How well energies are measured: the metric of the last step, and of the whole chain."""

import numpy as np

from opera.matching import claimed, match
from opera.resolution import half_width, residuals


def score(reference, prediction):
    """Compare each true shower's energy with that of the claimed shower it is paired with.

    `resolution` ranks: the mean size of the residuals (E_rec - E) / E of all true showers, cut
    off at 1; a shower that was not found has -1. `half_width` is the width around 0 that holds
    68 % of them, which does not see the worst third; `bias` is their median. `precision` is the
    share of claimed showers that are paired, `recall` that of true ones.
    """
    pairs, relative = _paired(reference, prediction)
    found = int((pairs >= 0).sum())
    return {
        "resolution": float(np.abs(relative).mean()),
        "half_width": half_width(relative),
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

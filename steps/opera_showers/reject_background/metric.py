"""Precision at 90 % recall, volume by volume; and whether the probabilities are any."""

import numpy as np
from opera.ranking import precision_at_recall

RECALL = 0.9


def score(reference, prediction):
    """Rank each volume's base-tracks by probability against whether a shower made them.

    `precision_at_90_recall` ranks: the mean over volumes. `brier` is the mean squared difference
    of probability and truth, `purity` and `efficiency` are those of the tracks at 0.5 and above.
    """
    good, told = _compared(reference, prediction)
    kept = told >= 0.5
    return {
        "precision_at_90_recall": float(1.0 - losses(reference, prediction).mean()),
        "brier": float(np.mean((told - good) ** 2)),
        "purity": float(good[kept].mean()) if kept.any() else 0.0,
        "efficiency": float(kept[good].mean()),
    }


def losses(reference, prediction):
    """1 - precision at 90 % recall of each volume, by number."""
    good, told = _compared(reference, prediction)
    volume = np.unique(reference["volume"], return_inverse=True)[1]
    return 1.0 - precision_at_recall(volume, told, good, recall=RECALL)


def _compared(reference, prediction):
    if not prediction["probability"].between(0.0, 1.0).all():
        raise ValueError("a probability is not a number from 0 to 1")
    return reference["shower"].to_numpy() >= 0, prediction["probability"].to_numpy()

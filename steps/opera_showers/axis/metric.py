"""How far the axes point from the true ones, in mrad; a shower without an axis counts 100."""

import numpy as np
from opera.geometry import space_angle
from opera.matching import claimed, match
from opera.resolution import half_width

CUT_MRAD = 100.0


def score(reference, prediction):
    """Compare each true shower's direction with that of the axis it is paired with.

    `angular_error` ranks: the mean angle in space. `angular_resolution` is the angle below which
    68 % of the showers are, `precision` the share of axes that are paired, `recall` the share of
    showers that are.
    """
    pairs = match(reference, prediction)
    angle = losses(reference, prediction)
    found = int((pairs >= 0).sum())
    return {
        "angular_error": float(angle.mean()),
        "angular_resolution": half_width(angle),
        "precision": found / max(claimed(prediction), 1),
        "recall": found / len(reference),
    }


def losses(reference, prediction):
    """Angle of each true shower in mrad, cut off at 100, in the order of the truth's rows."""
    pairs = match(reference, prediction)
    found = pairs >= 0
    angle = np.full(len(reference), CUT_MRAD)
    slopes, true = prediction[["tx", "ty"]].to_numpy(), reference[["tx", "ty"]].to_numpy()[found]
    ours = slopes[pairs[found]]
    angle[found] = 1000.0 * space_angle(true[:, 0], true[:, 1], ours[:, 0], ours[:, 1])
    return np.minimum(angle, CUT_MRAD)

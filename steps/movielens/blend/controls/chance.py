"""Floor: a branch chosen by lot for each row, its word then doubted by a star up or down."""

import numpy as np

KEY = ["user", "movie"]


def control(inputs, truths, *, rng):
    return {
        out: _by_lot(inputs[f"factors_{out}"], inputs[f"neighbours_{out}"], rng)
        for out in ("probe", "predictions")
    }


def _by_lot(factors, neighbours, rng):
    both = factors.merge(neighbours, on=KEY, suffixes=("_f", "_n"), validate="1:1")
    both = both.sort_values(KEY, ignore_index=True)
    chosen = np.where(rng.random(len(both)) < 0.5, both["prediction_f"], both["prediction_n"])
    return both[KEY].assign(prediction=chosen + rng.choice([-1.0, 1.0], size=len(both)))

"""Trust both branches alike: the plain mean."""

KEY = ["user", "movie"]


def solve(inputs, *, params, rng):
    return {
        out: _mean(inputs[f"factors_{out}"], inputs[f"neighbours_{out}"])
        for out in ("probe", "predictions")
    }


def _mean(factors, neighbours):
    both = factors.merge(neighbours, on=KEY, suffixes=("_f", "_n"), validate="1:1")
    mean = (both["prediction_f"] + both["prediction_n"]) / 2
    return both[KEY].assign(prediction=mean).sort_values(KEY)

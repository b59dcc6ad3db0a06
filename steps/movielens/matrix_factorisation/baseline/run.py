"""Foretell no residual at all: the bias model's word is passed on."""


def solve(inputs, *, params, rng):
    parts, targets = inputs["parts"], inputs["targets"]
    probe = parts[parts["part"] == "probe"]
    return {
        "probe": _rows_of(probe, inputs["bias_probe"]),
        "predictions": _rows_of(targets, inputs["bias_predictions"]),
    }


def _rows_of(asked, predictions):
    key = ["user", "movie"]
    return asked[key].merge(predictions, on=key, validate="1:1").sort_values(key)

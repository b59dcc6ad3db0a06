"""Floor: a residual drawn by lot from those seen, knowing neither user nor movie."""

import numpy as np

KEY = ["user", "movie"]


def control(inputs, truths, *, rng):
    parts = inputs["parts"].sort_values(KEY)
    seen = parts.merge(inputs["bias_predictions"], on=KEY, validate="1:1")
    residuals = (seen["rating"] - seen["prediction"]).to_numpy()
    probe = parts[parts["part"] == "probe"]
    return {
        "probe": _with_lots(probe, inputs["bias_probe"], residuals, rng),
        "predictions": _with_lots(inputs["targets"], inputs["bias_predictions"], residuals, rng),
    }


def _with_lots(asked, predictions, residuals, rng):
    rows = asked[KEY].merge(predictions, on=KEY, validate="1:1").sort_values(KEY)
    drawn = rng.choice(residuals, size=len(rows))
    return rows.assign(prediction=np.clip(rows["prediction"] + drawn, 1.0, 5.0))

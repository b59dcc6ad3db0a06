"""Ceiling: the stars themselves, wherever they are known to anybody."""

import pandas as pd


def control(inputs, truths, *, rng):
    parts, targets = inputs["parts"], inputs["targets"]
    known = parts[["user", "movie", "rating"]]
    told = targets[["user", "movie"]].merge(truths["rated"], on=["user", "movie"], how="left")
    told["rating"] = told["rating"].fillna(parts["rating"].mean())  # targets of another split
    everywhere = pd.concat([known, told], ignore_index=True)
    return {
        "probe": known.rename(columns={"rating": "prediction"}),
        "predictions": everywhere.rename(columns={"rating": "prediction"}),
    }

"""Ceiling: what a shower made is certain, all else impossible."""

import pandas as pd


def control(inputs, truths, *, rng):
    labels = pd.concat([inputs["training_labels"], truths["labels"]], ignore_index=True)
    sure = (labels["shower"] >= 0).astype(float)
    return {"signal": labels[["volume", "track"]].assign(probability=sure)}

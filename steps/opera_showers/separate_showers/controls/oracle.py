"""Ceiling: the true showers, of training and target volumes alike."""

import pandas as pd


def control(inputs, truths, *, rng):
    true = pd.concat([inputs["training_labels"], truths["labels"]])
    keys = ["volume", "track"]
    known = inputs["tracks"][keys].merge(true, on=keys, how="left", validate="1:1")
    return {"clusters": known[keys].assign(cluster=known["shower"].fillna(-1).astype("int32"))}

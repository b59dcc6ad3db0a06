"""Ceiling: the true links, of training and target volumes alike."""

import pandas as pd


def control(inputs, truths, *, rng):
    true = pd.concat([inputs["training_links"], truths["true_links"]], ignore_index=True)
    return {"links": true.assign(score=1.0)}

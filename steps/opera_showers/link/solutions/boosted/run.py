"""Boosted trees on how both tracks of a pair fit, and on how many others would fit as well.

Training volumes are judged by trees that were grown on other ones, as target volumes are, so that
whatever is trained on these scores meets the same kind of scores later.
"""

import numpy as np
import pandas as pd
from opera.pairs import geometry, near
from sklearn.ensemble import HistGradientBoostingClassifier

REACH_UM = 100.0
FILMS = 3
FOLDS = 2
KEEP = 0.01
"""Pairs less likely than this are not given."""


def solve(inputs, *, params, rng):
    tracks = inputs["tracks"].sort_values(["volume", "track"], ignore_index=True)
    pairs = near(tracks, reach_um=REACH_UM, films=FILMS)
    features = _features(tracks, pairs)
    volume, track = tracks["volume"].to_numpy(), tracks["track"].to_numpy()
    links = pd.DataFrame(
        {"volume": volume[pairs["a"]], "a": track[pairs["a"]], "b": track[pairs["b"]]}
    )
    known = inputs["training_links"].assign(good=True)
    good = links.merge(known, on=["volume", "a", "b"], how="left")["good"].notna().to_numpy()
    training = links["volume"].isin(pd.unique(known["volume"])).to_numpy()
    links["score"] = _judge(features, good, links["volume"].to_numpy(), training)
    return {"links": links[links["score"] >= KEEP].reset_index(drop=True)}


def _features(tracks, pairs):
    found = geometry(tracks, pairs)
    cost = found["kink"] + 0.2 * found["bend"] + 10.0 * found["films"]
    for end in ("a", "b"):
        groups = cost.groupby(pairs[end].to_numpy())
        found[f"rank_{end}"] = groups.rank(method="min")
        found[f"above_best_{end}"] = cost - groups.transform("min")
        found[f"others_{end}"] = groups.transform("size")
    return found.to_numpy(dtype=np.float32)


def _judge(features, good, volume, training):
    score, fold = np.zeros(len(features)), volume % FOLDS
    for out in range(FOLDS):
        learn = training & (fold != out)
        trees = HistGradientBoostingClassifier(
            max_iter=80, learning_rate=0.15, max_leaf_nodes=31, early_stopping=False, random_state=0
        ).fit(features[learn], good[learn])
        judged = ~training | (fold == out)
        told = trees.predict_proba(features[judged])[:, 1]
        score[judged] += np.where(training[judged], 1.0, 1.0 / FOLDS) * told
    return score

"""Boosted trees on a track's company in the link graph, told as ranks.

By precision at 90 % recall only the order counts, so a rank is given: the share of its volume's
tracks that are less likely, to the eighth power, that only the best look sure. It is no
probability: one track in twelve is above 0.5, however much of the volume is shower, and the steps
that cut there lose whole showers.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier

HOPS = 5
POWER = 8


def solve(inputs, *, params, rng):
    keys = ["volume", "track"]
    tracks = inputs["tracks"].sort_values(keys, ignore_index=True)
    labels = tracks[keys].merge(inputs["training_labels"], on=keys, how="left", validate="1:1")
    training = labels["shower"].notna().to_numpy()
    told = _company(tracks, inputs["links"])
    trees = HistGradientBoostingClassifier(max_iter=60, early_stopping=False, random_state=0)
    trees.fit(told[training], labels["shower"][training] >= 0)
    likely = pd.Series(trees.predict_proba(told)[:, 1])
    rank = likely.groupby(tracks["volume"]).rank(pct=True) ** POWER
    return {"signal": tracks[keys].assign(probability=rank)}


def _company(tracks, links):
    """Sum the scores of what links lead to, both ways, one to five hops far."""
    row = pd.Series(
        np.arange(len(tracks)), index=pd.MultiIndex.from_frame(tracks[["volume", "track"]])
    )
    links = links.sort_values(["volume", "a", "b"])
    a, b = (row.loc[pd.MultiIndex.from_frame(links[["volume", n]])].to_numpy() for n in ("a", "b"))
    leads = csr_matrix((links["score"].to_numpy(), (a, b)), shape=(len(tracks),) * 2)
    told = [tracks["plate"], np.hypot(tracks["tx"], tracks["ty"])]
    for way in (leads, leads.T.tocsr()):
        reached = np.zeros(len(tracks))
        for _ in range(HOPS):
            reached = way @ (1.0 + reached)
            told.append(reached)
    return np.column_stack(told).astype(np.float32)

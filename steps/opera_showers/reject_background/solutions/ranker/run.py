"""Rank the tracks of a volume by their company in the link graph.

By precision at 90 % recall only the order counts, so the rank itself is given: the share of its
volume's tracks that have less company. It is no probability. Half of every volume is above 0.5,
however much of it is shower, and the steps that cut there count background as energy.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

HOPS = 6


def solve(inputs, *, params, rng):
    keys = ["volume", "track"]
    tracks = inputs["tracks"].sort_values(keys, ignore_index=True)
    index = pd.MultiIndex.from_frame(tracks[keys])
    row = pd.Series(np.arange(len(tracks)), index=index)
    links = inputs["links"].sort_values(["volume", "a", "b"])
    a, b = (row.loc[pd.MultiIndex.from_frame(links[["volume", n]])].to_numpy() for n in ("a", "b"))
    leads = csr_matrix((links["score"].to_numpy(), (a, b)), shape=(len(tracks),) * 2)
    company = _reached(leads) + _reached(leads.T.tocsr())
    rank = pd.Series(company).groupby(tracks["volume"].to_numpy()).rank(pct=True)
    return {"signal": tracks[keys].assign(probability=rank.to_numpy())}


def _reached(way):
    """Sum the scores of what links lead to one way, six hops far."""
    found = np.zeros(way.shape[0])
    for _ in range(HOPS):
        found = way @ (1.0 + found)
    return np.log1p(found)

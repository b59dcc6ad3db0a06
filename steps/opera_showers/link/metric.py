"""Average precision of links, volume by volume."""

import numpy as np
import pandas as pd
from opera.ranking import average_precision

KEY = ["volume", "a", "b"]
MOST_LINKS = 20
"""Links for each base-track that has any: who links everything with everything links nothing."""


def score(reference, prediction):
    """Rank each volume's links by score against its true ones.

    `average_precision` ranks: the mean over volumes, each true link that is not given counting as
    never found. `recall` is the share of true links that are given at all, `links_per_true` how
    many are given for one.
    """
    given = _given(reference, prediction)
    return {
        "average_precision": float(1.0 - losses(reference, prediction).mean()),
        "recall": float(given["good"].sum() / len(reference)),
        "links_per_true": float(len(given) / len(reference)),
    }


def losses(reference, prediction):
    """1 - average precision of each volume that has true links, by number."""
    given = _given(reference, prediction)
    volumes, total = np.unique(reference["volume"], return_counts=True)
    at = np.searchsorted(volumes, given["volume"])
    good, rank = given["good"].to_numpy(), given["score"].to_numpy()
    return 1.0 - average_precision(at, rank, good, total=total)


def _given(reference, prediction):
    """Give the links of the volumes that are judged, and whether each is true."""
    if prediction.duplicated(KEY).any():
        raise ValueError("a link is given twice")
    if (prediction["a"] == prediction["b"]).any():
        raise ValueError("a base-track is linked to itself")
    if not prediction["score"].between(0.0, 1.0).all():
        raise ValueError("a score is not a number from 0 to 1")
    if len(prediction) > MOST_LINKS * _linked(prediction):
        raise ValueError(f"there are more than {MOST_LINKS} links a base-track")
    mine = prediction[prediction["volume"].isin(pd.unique(reference["volume"]))]
    known = reference[KEY].assign(good=True)
    found = mine.merge(known, on=KEY, how="left", validate="1:1")
    return found.assign(good=found["good"].notna())


def _linked(links):
    """Count the base-tracks that are in any link."""
    volume = links["volume"].to_numpy(dtype=np.int64) << 32
    return len(np.unique(np.concatenate([volume + links["a"], volume + links["b"]])))

"""How far a rehearsal on the probe misjudges a simple model: |RMSE on probe - RMSE on truth|."""

import numpy as np

from coopt_dag.errors import ScoreInvalidError
from coopt_dag.metrics.keys import matching_rows
from coopt_dag.metrics.regression import rmse

KEY = ["user", "movie"]
SMALLEST_PROBE = 0.02
"""Share of the ratings that a probe must hold: below it a gap of zero is luck, not design."""


def score(reference, prediction):
    """Compare movie means judged on the probe with movie means judged on the hidden stars.

    `reference` holds the known ratings and the hidden ones (`held`); `prediction` must be the
    known ones, unchanged, each marked `fit` or `probe`.
    """
    held = reference["held"].to_numpy(dtype=bool)
    known = reference[~held].sort_values(KEY)
    parts = _unchanged(known, prediction)
    probe = parts["part"].to_numpy() == "probe"
    rehearsed = movie_mean_rmse(parts[~probe], parts[probe])
    real = movie_mean_rmse(known, reference[held].sort_values(KEY))
    return {
        "holdout_gap": abs(rehearsed - real),
        "rehearsed_rmse": rehearsed,
        "real_rmse": real,
        "probe_share": float(probe.mean()),
    }


def movie_mean_rmse(train, judged):
    """RMSE, in stars, of each movie's mean rating; an unseen movie gets the overall mean."""
    mean = train["rating"].mean()
    by_movie = train.groupby("movie")["rating"].mean()
    guess = judged["movie"].map(by_movie).fillna(mean)
    return rmse(judged["rating"], guess)


def _unchanged(known, parts):
    """Give the parts in the order of `known`, or refuse ratings made up, altered or dropped."""
    rows = matching_rows(known, parts, key=KEY)
    if len(parts) != len(known):
        raise ScoreInvalidError(f"{len(parts)} rows where {len(known)} ratings are known")
    ordered = parts.iloc[rows]
    if not np.array_equal(ordered["rating"].to_numpy(), known["rating"].to_numpy()):
        raise ScoreInvalidError("a rating differs from the one that was given")
    named = set(ordered["part"])
    if named != {"fit", "probe"}:
        raise ScoreInvalidError(f"parts must be 'fit' and 'probe', got {sorted(map(str, named))}")
    share = float((ordered["part"].to_numpy() == "probe").mean())
    if not SMALLEST_PROBE <= share <= 0.5:
        raise ScoreInvalidError(f"the probe holds {share:.1%} of the ratings, allowed 2 % to 50 %")
    return ordered

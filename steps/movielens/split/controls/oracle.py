"""Ceiling: a probe chosen with the hidden stars in hand, so that the rehearsal misjudges nothing.

It starts from a probe of nine random ratings per user and, user by user, swaps in the ones
that movie means foretell worst (or best), until the rehearsed error is the real one; the
number of users to swap is found by bisection.
"""

import numpy as np
import pandas as pd


def control(inputs, truths, *, rng):
    ratings = inputs["ratings"].sort_values(["user", "movie"], ignore_index=True)
    everything = truths["everything"]
    held = everything["held"].to_numpy(dtype=bool)
    real = _movie_mean_rmse(everything[~held], everything[held])
    error = _error_of_movie_means(ratings)
    plain = _probe(ratings, rng.random(len(ratings)))
    too_easy = _movie_mean_rmse(ratings[~plain], ratings[plain]) < real
    swapped = _probe(ratings, -error if too_easy else error)
    probe = _bisect(ratings, plain, swapped, real, too_easy=too_easy)
    return {"parts": ratings.assign(part=np.where(probe, "probe", "fit"))}


def _bisect(ratings, plain, swapped, real, *, too_easy):
    """Take `swapped` for the first k users, `plain` for the others; find the best k."""
    number = ratings["user"].astype("category").cat.codes.to_numpy()
    low, high = 0, int(number.max()) + 1
    best, best_gap = plain, np.inf
    while low <= high:
        k = (low + high) // 2
        probe = np.where(number < k, swapped, plain)
        difference = _movie_mean_rmse(ratings[~probe], ratings[probe]) - real
        if abs(difference) < best_gap:
            best, best_gap = probe, abs(difference)
        if (difference < 0) == too_easy:
            low = k + 1
        else:
            high = k - 1
    return best


def _probe(ratings, value):
    """The nine rows (at most half) of each user with the smallest values."""
    rank = pd.Series(value).groupby(ratings["user"]).rank(method="first").to_numpy() - 1
    count = ratings.groupby("user")["user"].transform("size").to_numpy()
    return rank < np.minimum(9, count // 2)


def _error_of_movie_means(ratings):
    mean = ratings.groupby("movie")["rating"].transform("mean")
    return (ratings["rating"] - mean).abs().to_numpy()


def _movie_mean_rmse(train, judged):
    by_movie = train.groupby("movie")["rating"].mean()
    guess = judged["movie"].map(by_movie).fillna(train["rating"].mean())
    return float(np.sqrt(np.mean(np.square(judged["rating"] - guess))))

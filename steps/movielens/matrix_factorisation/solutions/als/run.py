"""Alternating least squares on the residuals of the bias model.

Users and movies get a few factors each; holding one side, the other is a ridge regression
with a penalty that grows with the number of ratings. After Y. Zhou et al., "Large-scale
parallel collaborative filtering for the Netflix Prize", AAIM 2008,
doi:10.1007/978-3-540-68880-8_32. All numbers were tuned on the public split.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

KEY = ["user", "movie"]


def solve(inputs, *, params, rng):
    parts = inputs["parts"].sort_values(KEY, ignore_index=True)
    targets = inputs["targets"].sort_values(KEY, ignore_index=True)
    fit, probe = parts[parts["part"] == "fit"], parts[parts["part"] == "probe"]
    shape = tuple(int(max(parts[k].max(), targets[k].max())) + 1 for k in KEY)
    return {
        "probe": _forecast(fit, probe, inputs["bias_probe"], shape, params),
        "predictions": _forecast(parts, targets, inputs["bias_predictions"], shape, params),
    }


def _forecast(train, asked, bias, shape, params):
    train = train.merge(bias, on=KEY, validate="1:1")
    asked = asked[KEY].merge(bias, on=KEY, validate="1:1")
    residual = (train["rating"] - train["prediction"]).to_numpy()
    at = train["user"].to_numpy(), train["movie"].to_numpy()
    ratings = sparse.csr_array((residual, at), shape=shape)
    seen = sparse.csr_array((np.ones(len(train)), at), shape=shape)
    of_user, of_movie = _factorise(ratings, seen, params)
    pairs = of_user[asked["user"].to_numpy()] * of_movie[asked["movie"].to_numpy()]
    return asked.assign(prediction=asked["prediction"] + pairs.sum(axis=1))


def _factorise(ratings, seen, params):
    ratings_t, seen_t = ratings.T.tocsr(), seen.T.tocsr()
    of_movie = _start(ratings, params["factors"])
    for _ in range(params["sweeps"]):
        of_user = _ridge(ratings, seen, of_movie, params)
        of_movie = _ridge(ratings_t, seen_t, of_user, params)
    return of_user, of_movie


def _start(ratings, factors):
    """Leading singular vectors: a random start would move the score by more than a record does."""
    factors = min(factors, min(ratings.shape) - 1)
    even = np.ones(min(ratings.shape))
    _, size, vectors = svds(ratings, k=factors, v0=even, rng=np.random.default_rng(0))
    return vectors.T * np.sqrt(size / size.max())


def _ridge(ratings, seen, other, params):
    """Solve every row's ridge regression on the factors of the other side, all at once."""
    size, factors = other.shape
    products = (other[:, :, None] * other[:, None, :]).reshape(size, -1)
    gram = (seen @ products).reshape(-1, factors, factors)
    penalty = params["penalty"] + params["penalty_per_rating"] * seen.sum(axis=1)
    gram += penalty[:, None, None] * np.eye(factors)
    return np.linalg.solve(gram, (ratings @ other)[:, :, None])[:, :, 0]

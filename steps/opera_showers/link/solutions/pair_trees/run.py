"""Boosted trees on the geometry of each pair, then on who competes with it.

Two base-tracks of one particle differ by scattering in the lead between them, which the trees know
from place and slope at both ends. A base-track has one predecessor at most: the second trees see
how much surer the other pairs of the same ends are. Training volumes are scored by trees that saw
none of their fold. The probabilities are to be taken as they are.
"""

import numpy as np
import pandas as pd
from opera.geometry import PITCH_UM
from opera.pairs import in_order, near, rows_of
from sklearn.ensemble import HistGradientBoostingClassifier

FOLDS = 2


def solve(inputs, *, params, rng):
    tracks = in_order(inputs["tracks"])
    pairs = near(tracks, params["reach_um"])
    links = inputs["training_links"]
    ends = [rows_of(tracks, links["volume"], links[end]) for end in "ab"]
    true = np.isin(_number(pairs["a"], pairs["b"]), _number(*ends))
    volume = tracks["volume"].to_numpy()
    at = volume[pairs["a"]]
    fold = np.where(at <= inputs["training_links"]["volume"].max(), at % FOLDS, -1)
    seen = _geometry(tracks, pairs)
    first = _cross_fitted(seen, true, fold, params)
    rivals = np.column_stack([seen, _rivalry(pairs, first)])
    score = _cross_fitted(rivals, true, fold, params)
    number = tracks["track"].to_numpy()
    named = {"volume": at, "a": number[pairs["a"]], "b": number[pairs["b"]], "score": score}
    links = pd.DataFrame(named)[score >= params["least"]]
    return {"links": links.sort_values(["volume", "a", "b"], ignore_index=True)}


def _number(a, b):
    return np.asarray(a, dtype=np.int64) << 32 | np.asarray(b, dtype=np.int64)


def _geometry(tracks, pairs):
    """How the two base-tracks lie to each other, and how crowded it is; shape (pairs, figures)."""
    a, b, plates = (pairs[name].to_numpy() for name in ("a", "b", "plates"))
    x, y, tx, ty = (tracks[name].to_numpy() for name in ("x", "y", "tx", "ty"))
    ahead = plates * PITCH_UM
    far = np.array([pairs["dx"], pairs["dy"]]) / ahead
    bent = np.array([tx[b] - tx[a], ty[b] - ty[a]])
    line = np.array([x[b] - x[a], y[b] - y[a]]) / ahead
    missed = far - bent / 2
    steep = np.hypot(line[0], line[1]) + 1e-9
    along = line / steep
    forward, backward = np.hypot(*far), np.hypot(*(far - bent))
    return np.column_stack(
        [
            plates,
            forward,
            backward,
            np.hypot(*missed),
            np.hypot(*bent),
            (far * bent).sum(axis=0),
            np.abs((missed * along).sum(axis=0)),
            np.abs(missed[0] * along[1] - missed[1] * along[0]),
            steep,
            np.hypot(tx[a], ty[a]),
            np.hypot(tx[b], ty[b]),
            tracks["plate"].to_numpy()[a],
            np.bincount(a)[a],
            np.bincount(b)[b],
            np.bincount(b, minlength=len(x))[a],
            np.bincount(a, minlength=len(x))[b],
            _rank(a, forward),
            _rank(b, forward),
            _rank(b, backward),
            _rank(b, np.hypot(*missed) + 0.3 * np.hypot(*bent)),
        ]
    ).astype(np.float32)


def _rivalry(pairs, score):
    """What the pairs that share an end are given: rank, the best other one, and the sum."""
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    count = int(max(a.max(), b.max())) + 1
    given, taken = (np.bincount(end, score, minlength=count) for end in (a, b))
    columns = [score, given[a], given[b], taken[a], taken[b]]
    for end in (a, b):
        columns += [_rank(end, -score), _best_other(end, score)]
    return np.column_stack(columns).astype(np.float32)


def _rank(group, value):
    """Rank of each row in its group, 0 for the smallest value."""
    order = np.lexsort((value, group))
    grouped = group[order]
    rank = np.empty(len(group))
    rank[order] = np.arange(len(group)) - np.searchsorted(grouped, grouped)
    return rank


def _best_other(group, score):
    """Highest score of the other rows of each row's group; 0 if there are none."""
    order = np.lexsort((-score, group))
    grouped, ranked = group[order], score[order]
    start = np.searchsorted(grouped, grouped)
    second = np.minimum(start + 1, len(group) - 1)
    runner_up = np.where(grouped[second] == grouped, ranked[second], 0.0)
    best = np.empty(len(group))
    best[order] = np.where(np.arange(len(group)) == start, runner_up, ranked[start])
    return np.where(np.bincount(group)[group] > 1, best, 0.0)


def _cross_fitted(seen, true, fold, params):
    """Probabilities: of a training fold by trees that saw the others, of targets by all."""
    score = np.empty(len(seen))
    for left in (*range(FOLDS), -1):
        learn = (fold >= 0) & (fold != left)
        trees = HistGradientBoostingClassifier(
            max_iter=params["trees"],
            learning_rate=params["rate"],
            max_leaf_nodes=params["leaves"],
            min_samples_leaf=params["leaf_rows"],
            early_stopping=False,
            random_state=0,
        ).fit(seen[learn], true[learn])
        score[fold == left] = trees.predict_proba(seen[fold == left])[:, 1]
    return score

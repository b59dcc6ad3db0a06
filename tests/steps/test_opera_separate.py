"""Showers told apart: how clusters are measured and refused, and how the solutions find them."""

from __future__ import annotations

import runpy
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from tests.steps.bench import STEPS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHALLENGE = STEPS / "opera_showers"
FOLDER = CHALLENGE / "separate_showers"
METRIC = runpy.run_path(str(FOLDER / "metric.py"))
FIRST = 100_000
PITCH_UM = 1300.0
SOLUTIONS = pytest.mark.parametrize("solution", ["baseline", "solutions/axes"])


@pytest.fixture(autouse=True, scope="module")
def _library() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(CHALLENGE / "lib"))
        yield


def _table(name: str, *volumes: Sequence[int]) -> pd.DataFrame:
    """One volume a sequence; tracks are numbered in the order given."""
    rows = [(FIRST + v, t, g) for v, groups in enumerate(volumes) for t, g in enumerate(groups)]
    return pd.DataFrame(rows, columns=["volume", "track", name]).astype("int32")


def _truth(*volumes: Sequence[int]) -> pd.DataFrame:
    return _table("shower", *volumes)


def _clusters(*volumes: Sequence[int]) -> pd.DataFrame:
    return _table("cluster", *volumes)


def _score(truth: pd.DataFrame, clusters: pd.DataFrame) -> dict[str, float]:
    return dict(METRIC["score"](truth, clusters))


def _losses(truth: pd.DataFrame, clusters: pd.DataFrame) -> list[float]:
    return [float(x) for x in METRIC["losses"](truth, clusters)]


def test_a_track_in_the_wrong_shower_costs_what_hubert_and_arabie_say() -> None:
    # truth {0 1 2} {3 4 5}, clusters {0 1} {2 3 4 5}: pairs in truth 3 + 3 = 6, in clusters
    # 1 + 6 = 7, in both {0 1} and three of {3 4 5} = 4, of all C(6, 2) = 15; by chance
    # 6 * 7 / 15 = 2.8; (4 - 2.8) / ((6 + 7) / 2 - 2.8) = 1.2 / 3.7
    truth, clusters = _truth([0, 0, 0, 1, 1, 1]), _clusters([0, 0, 1, 1, 1, 1])
    values = _score(truth, clusters)
    assert values["adjusted_rand"] == pytest.approx(1.2 / 3.7)
    assert values["together"] == pytest.approx(4 / 6)
    assert values["apart"] == pytest.approx(4 / 7)


def test_merging_two_showers_costs_all_that_is_gained_over_chance() -> None:
    # all pairs are together in the clusters: 15 of 15, so 6 in both, and 6 * 15 / 15 = 6 by chance
    assert _losses(_truth([0, 0, 0, 1, 1, 1]), _clusters([0] * 6)) == pytest.approx([1.0])


def test_background_that_is_kept_costs() -> None:
    # truth {0 1 2}, 3 and 4 alone; cluster {0 1 2 3}: pairs 3 in truth, 6 in clusters, 3 in both,
    # 10 of all; by chance 1.8; (3 - 1.8) / (4.5 - 1.8) = 1.2 / 2.7
    truth = _truth([0, 0, 0, -1, -1])
    assert _losses(truth, _clusters([0, 0, 0, 0, -1])) == pytest.approx([1 - 1.2 / 2.7])
    assert _losses(truth, _clusters([0, 0, 0, -1, -1])) == pytest.approx([0.0])


def test_a_shower_track_that_is_lost_costs() -> None:
    # truth {0 1 2}, 3 alone; cluster {0 1}: pairs 3 in truth, 1 in clusters, 1 in both, 6 of all;
    # by chance 0.5; (1 - 0.5) / (2 - 0.5) = 1 / 3
    assert _losses(_truth([0, 0, 0, -1]), _clusters([5, 5, -1, -1])) == pytest.approx([2 / 3])


def test_a_volume_with_no_pair_to_find_and_none_claimed_is_right() -> None:
    assert _losses(_truth([-1, -1, -1]), _clusters([-1, -1, -1])) == [0.0]
    assert _losses(_truth([0]), _clusters([-1])) == [0.0]


def test_a_pair_that_is_claimed_where_there_is_none_is_wrong() -> None:
    # no pair in truth, one in clusters: none in both, none by chance; 0 / (1 / 2) = 0
    assert _losses(_truth([-1, -1, -1]), _clusters([0, 0, -1])) == [1.0]


def test_volumes_count_alike_whatever_their_size_and_stand_in_ascending_order() -> None:
    truth = _truth([0, 0, 0, 1, 1, 1], [0, 0])
    clusters = _clusters([0] * 6, [3, 3])
    assert _losses(truth, clusters) == pytest.approx([1.0, 0.0])
    assert _score(truth, clusters)["adjusted_rand"] == pytest.approx(0.5)
    back = [t.iloc[::-1].reset_index(drop=True) for t in (truth, clusters)]
    assert _losses(*back) == pytest.approx([1.0, 0.0])


GROUPS = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=30)


def _alone(groups: Sequence[int]) -> list[int]:
    """Give each of those in no group a group of its own."""
    return [g if g >= 0 else 100 + i for i, g in enumerate(groups)]


@given(GROUPS)
def test_it_is_the_index_of_scikit_learn_with_the_ungrouped_alone(pairs: Any) -> None:
    shower, cluster = zip(*pairs, strict=True)
    theirs = adjusted_rand_score(_alone(shower), _alone(cluster))
    assert _losses(_truth(shower), _clusters(cluster)) == pytest.approx([1 - theirs])


@given(GROUPS, st.permutations(range(4)))
def test_names_of_clusters_mean_nothing(pairs: Any, names: list[int]) -> None:
    shower, cluster = zip(*pairs, strict=True)
    renamed = [names[c] if c >= 0 else -1 for c in cluster]
    truth = _truth(shower)
    assert _losses(truth, _clusters(renamed)) == pytest.approx(_losses(truth, _clusters(cluster)))


@given(GROUPS)
def test_the_index_is_in_its_range_and_one_for_the_truth(pairs: Any) -> None:
    shower, cluster = zip(*pairs, strict=True)
    assert -1 <= _score(_truth(shower), _clusters(cluster))["adjusted_rand"] <= 1
    assert _losses(_truth(shower), _clusters(shower)) == pytest.approx([0.0])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.iloc[1:].reset_index(drop=True), "row by row"),
        (lambda t: pd.concat([t, t[:1]], ignore_index=True), "row by row"),
        (lambda t: t.assign(track=t["track"] + 1), "row by row"),
        (lambda t: t.assign(volume=t["volume"] + 1), "row by row"),
        (lambda t: t.assign(cluster=-2), "below -1"),
        (lambda t: t.assign(cluster=np.nan), "below -1"),
    ],
    ids=["missing", "twice", "unknown track", "unknown volume", "below -1", "not a number"],
)
def test_malformed_clusters_are_refused(spoil: Any, words: str) -> None:
    truth, clusters = _truth([0, 0, 1, -1]), _clusters([0, 0, 1, -1])
    with pytest.raises(ValueError, match=words):
        METRIC["score"](truth, spoil(clusters))


def test_five_hundred_volumes_are_scored_in_seconds() -> None:
    rng = np.random.default_rng(0)
    keys = {"volume": FIRST + np.repeat(np.arange(500), 660), "track": np.tile(np.arange(660), 500)}
    truth, clusters = (
        pd.DataFrame({**keys, name: rng.integers(-1, 3, 330_000)}) for name in ("shower", "cluster")
    )
    start = time.process_time()
    values = _score(truth, clusters)
    assert time.process_time() - start < 3.0
    assert abs(values["adjusted_rand"]) < 0.01  # drawn independently


def _shower(rng: np.random.Generator, x: float, tx: float, *, films: int = 30) -> pd.DataFrame:
    """A cloud of six base-tracks a film about an axis that starts at x in the first film."""
    plate = np.repeat(np.arange(films), 6)
    off = rng.normal(scale=20.0 + 3.0 * plate, size=(2, len(plate)))
    bent = rng.normal(scale=0.01, size=(2, len(plate)))
    return pd.DataFrame(
        {
            "plate": plate.astype("int32"),
            "x": x + tx * plate * PITCH_UM + off[0],
            "y": off[1],
            "tx": tx + bent[0],
            "ty": bent[1],
        }
    )


def _volume(*showers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What the step gets for one volume of these showers and no background, without links."""
    tracks = pd.concat(showers, ignore_index=True)
    tracks.insert(0, "volume", np.int32(FIRST))
    tracks.insert(1, "track", np.arange(len(tracks), dtype="int32"))
    keys = tracks[["volume", "track"]]
    none = pd.DataFrame({c: np.empty(0, dtype="int32") for c in ("volume", "a", "b")})
    return {
        "tracks": tracks,
        "links": none.assign(score=np.empty(0)),
        "signal": keys.assign(probability=0.9),
        "training_labels": keys[:0].assign(shower=np.int32(0), particle=np.int32(0)),
    }


def _solve(solution: str, inputs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    folder: Path = FOLDER / solution
    params = yaml.safe_load((folder / "solution.yaml").read_text(encoding="utf-8"))["params"]
    solve = runpy.run_path(str(folder / "run.py"))["solve"]
    found = solve(inputs, params=params, rng=np.random.default_rng(0))["clusters"]
    return pd.DataFrame(found.sort_values(["volume", "track"], ignore_index=True))


@SOLUTIONS
def test_showers_centimetres_apart_are_two_clusters(solution: str) -> None:
    rng = np.random.default_rng(1)
    inputs = _volume(_shower(rng, -5000.0, 0.0), _shower(rng, 5000.0, 0.0))
    found = _solve(solution, inputs)
    truth = inputs["tracks"][["volume", "track"]].assign(shower=np.repeat([0, 1], 180))
    # of two showers of 180 a few base-tracks are too far off their axis to be kept
    assert _score(truth, found)["adjusted_rand"] > 0.9
    assert found["cluster"].nunique() - (found["cluster"].min() < 0) == 2


def test_axes_tell_showers_apart_that_grow_into_each_other() -> None:
    # 400 um apart, width 110 um at the end: DBSCAN has a bridge, two axes have not
    rng = np.random.default_rng(2)
    inputs = _volume(_shower(rng, -200.0, 0.0), _shower(rng, 200.0, 0.0))
    truth = inputs["tracks"][["volume", "track"]].assign(shower=np.repeat([0, 1], 180))
    one, two = (_score(truth, _solve(s, inputs)) for s in ("baseline", "solutions/axes"))
    assert two["adjusted_rand"] > one["adjusted_rand"] + 0.3


@SOLUTIONS
@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 1000))
def test_every_track_has_one_row_and_unlikely_ones_no_cluster(solution: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = _volume(_shower(rng, 0.0, 0.01))
    probability = rng.uniform(size=len(inputs["tracks"]))
    inputs["signal"] = inputs["signal"].assign(probability=probability)
    found = _solve(solution, inputs)
    assert found[["volume", "track"]].equals(inputs["tracks"][["volume", "track"]])
    assert found["cluster"].dtype == np.int32
    assert (found["cluster"][probability < 0.5] == -1).all()


@SOLUTIONS
def test_a_brick_without_any_likely_track_has_no_cluster(solution: str) -> None:
    inputs = _volume(_shower(np.random.default_rng(3), 0.0, 0.0))
    inputs["signal"] = inputs["signal"].assign(probability=0.1)
    assert (_solve(solution, inputs)["cluster"] == -1).all()

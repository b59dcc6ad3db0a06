"""What is special about the MovieLens challenge: its data, its honesty, its gains."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coopt_dag.errors import CooptError
from tests.steps.bench import ROOT, STEPS, Bench, run_control

FOLDER = STEPS / "movielens"
KEY = ["user", "movie"]


def _raw(folder: Path, *, rows: int = 100_000) -> Path:
    """Write a file with the shape of MovieLens-100k and made-up content: 500 users x 200."""
    number = np.arange(rows)
    user, movie = number // 200 + 1, (number * 7) % 200 + 1
    # one second each, backwards in file order, so that "last" is not simply the file's end
    time = 900_000_000 + rows - number
    lines = [f"{u}\t{m}\t{m % 5 + 1}\t{t}" for u, m, t in zip(user, movie, time, strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    head = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    (folder / "ml-100k.inter").write_text(head + "\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("movielens")
    prepare = runpy.run_path(str(FOLDER / "prepare.py"))["prepare"]
    raw = _raw(base / "raw" / "deep")
    prepare(raw.parent, base / "one")
    prepare(raw.parent, base / "two")
    return base


def _table(prepared: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(prepared / "one" / f"{name}.parquet")


def test_the_recipe_writes_the_same_bytes_twice(prepared: Path) -> None:
    files = sorted((prepared / "one").rglob("*.parquet"))
    assert len(files) == 10
    for path in files:
        assert (
            path.read_bytes()
            == (prepared / "two" / path.relative_to(prepared / "one")).read_bytes()
        )


def test_nine_ratings_of_each_user_are_held_out_and_they_are_the_last(prepared: Path) -> None:
    ratings, targets = (
        _table(prepared, "qualifying/ratings"),
        _table(prepared, "qualifying/targets"),
    )
    assert (targets.groupby("user").size() == 9).all()
    latest = ratings.groupby("user")["timestamp"].max()
    assert (targets["timestamp"] > targets["user"].map(latest)).all()


def test_targets_carry_no_stars_and_do_not_tell_quiz_from_sealed(prepared: Path) -> None:
    assert list(_table(prepared, "qualifying/targets").columns) == ["user", "movie", "timestamp"]


def test_quiz_and_sealed_share_no_row_and_make_up_the_targets(prepared: Path) -> None:
    both = pd.concat([_table(prepared, "quiz/rated"), _table(prepared, "sealed/rated")])
    targets = _table(prepared, "qualifying/targets")
    assert not both.duplicated(KEY).any()
    assert set(map(tuple, both[KEY].to_numpy())) == set(map(tuple, targets[KEY].to_numpy()))


def test_the_public_split_never_shows_a_hidden_rating(prepared: Path) -> None:
    public = pd.concat([_table(prepared, f"public/{n}") for n in ("everything", "targets")])
    hidden = _table(prepared, "qualifying/targets")
    assert public[KEY].merge(hidden[KEY], on=KEY).empty


def test_a_file_that_is_not_the_hundred_thousand_is_refused(tmp_path: Path) -> None:
    prepare = runpy.run_path(str(FOLDER / "prepare.py"))["prepare"]
    with pytest.raises(ValueError, match="100,000"):
        prepare(_raw(tmp_path / "raw", rows=1000), tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        prepare(tmp_path / "nothing", tmp_path / "out")


def test_the_committed_examples_are_what_the_script_writes() -> None:
    script = runpy.run_path(str(FOLDER / "example.py"))
    known, held = script["world"]()
    shipped = pd.read_parquet(FOLDER / "example" / "inputs" / "ratings.parquet")
    made = known.sort_values(KEY, ignore_index=True)
    for column in made:
        assert (shipped[column].to_numpy() == made[column].to_numpy()).all()
    assert (held.groupby("user").size() == 9).all()


def _split_score(change: Any, tmp_path: Path) -> float:
    bench = Bench(FOLDER / "split")
    parts = pd.read_parquet(run_control(bench, "chance", tmp_path / "out") / "parts.parquet")
    score = runpy.run_path(str(bench.folder / "metric.py"))["score"]
    return float(score(bench.truths()["everything"], change(parts))["holdout_gap"])


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a rating altered", lambda p: p.assign(rating=np.where(p.index == 0, 6 - p.rating, 3))),
        ("a rating dropped", lambda p: p[1:]),
        ("a rating made up", lambda p: pd.concat([p, p[:1].assign(movie=9999)])),
        ("all to fit on", lambda p: p.assign(part="fit")),
        ("most in the probe", lambda p: p.assign(part=["fit"] + ["probe"] * (len(p) - 1))),
        ("a tiny probe", lambda p: p.assign(part=["probe"] + ["fit"] * (len(p) - 1))),
    ],
)
def test_a_split_that_tampers_with_the_ratings_is_refused(
    what: str, change: Any, tmp_path: Path
) -> None:
    with pytest.raises(CooptError):
        _split_score(change, tmp_path)


def test_the_gap_is_that_of_movie_means_by_hand() -> None:
    score = runpy.run_path(str(FOLDER / "split" / "metric.py"))["score"]
    # fit: movie 1 has 1 and 3 (mean 2). Probe: movie 1 got 4, error 2, RMSE 2.
    # all known: movie 1 has 1, 3, 4 (mean 8/3). Held: movie 1 got 5, error 7/3. Gap 1/3.
    known = pd.DataFrame({"user": [1, 2, 3], "movie": 1, "rating": [1.0, 3.0, 4.0], "held": False})
    held = pd.DataFrame({"user": [4], "movie": [1], "rating": [5.0], "held": [True]})
    parts = known.drop(columns="held").assign(part=["fit", "fit", "probe"])
    values = score(pd.concat([known, held], ignore_index=True), parts)
    assert values["holdout_gap"] == pytest.approx(1 / 3)


DATA = ROOT / "data" / "movielens"
BETTER = {
    "split": "last_per_user",
    "bias": "regularised",
    "matrix_factorisation": "als",
    "neighbourhood": "item_knn",
    "blend": "ridge",
    "calibrate": "isotonic",
}


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "quiz").is_dir(), reason="run: coopt data fetch movielens")
@pytest.mark.parametrize("split", ["public", "quiz"])
def test_each_better_solution_makes_a_record_when_added_in_order(
    split: str, tmp_path: Path
) -> None:
    from tests.steps.pipeline import Pipeline

    chosen = dict.fromkeys(BETTER, "baseline")
    line = Pipeline(FOLDER, DATA, split, tmp_path)
    # the movie mean's RMSE on the last ratings of this data set, known from the literature
    assert 1.05 < line.end_to_end(chosen)["rmse"] < 1.09
    for step, better in BETTER.items():
        metric = Bench(FOLDER / step).spec.metric
        before = line.step_score(step, chosen)
        chosen[step] = better
        assert before - line.step_score(step, chosen) > metric.min_delta, step
    assert line.end_to_end(chosen)["rmse"] < 1.0

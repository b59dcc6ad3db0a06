"""Write the tiny synthetic examples: `python steps/movielens/example.py`.

No row comes from MovieLens: users, movies and stars are drawn from a toy world with biases, one
taste, moods that drift, and a habit of rating well-known movies first. Each step's example is
what the baselines before it make of that world; `expected.json` holds the baseline's score.
"""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

HERE = Path(__file__).parent
SEED = 20061002
"""The day the Netflix Prize began."""
USERS, MOVIES, RATED_MIN, RATED_MAX, HELD_OUT = 48, 60, 20, 32, 9
KEY = ["user", "movie"]


def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw (known, held) ratings; the last nine of each user are held."""
    rng = np.random.default_rng(SEED)
    repute, taste = rng.normal(0, 0.9, MOVIES), rng.normal(0, 1.0, MOVIES)
    fame = np.arange(MOVIES) / MOVIES  # movie 1 is the best known
    rows = []
    for user in range(1, USERS + 1):
        count = int(rng.integers(RATED_MIN, RATED_MAX + 1))
        lot = fame + rng.gumbel(0, 0.25, MOVIES)
        seen = np.argsort(lot)[:count]
        kindness, leaning = rng.normal(0, 0.4), rng.normal(0, 0.5)
        mood = np.cumsum(rng.normal(0, 0.08, count))
        spread = 0.4 + 0.7 * fame[seen]  # obscure movies divide opinions
        stars = 3.6 + repute[seen] + kindness + leaning * taste[seen] + mood
        stars = np.clip(np.rint(stars + rng.normal(0, 1, count) * spread), 1, 5)
        first = 900_000_000 + 100_000 * user
        times = first + np.cumsum(rng.integers(0, 90, count))
        rows.append(
            pd.DataFrame({"user": user, "movie": seen + 1, "rating": stars, "timestamp": times})
        )
    table = pd.concat(rows, ignore_index=True)
    from_last = table.groupby("user").cumcount(ascending=False)
    return table[from_last >= HELD_OUT], table[from_last < HELD_OUT]


def main() -> None:
    """Write every example afresh."""
    known, held = world()
    data = {"ratings": known, "targets": held[[*KEY, "timestamp"]]}
    both = pd.concat([known.assign(held=False), held.assign(held=True)])
    truths = {"rated": held[[*KEY, "rating"]], "everything": both.drop(columns="timestamp")}
    challenge = _yaml(HERE / "challenge.yaml")
    made = {
        f"data.{name}": table.sort_values(KEY, ignore_index=True) for name, table in data.items()
    }
    truths = {name: table.sort_values(KEY, ignore_index=True) for name, table in truths.items()}
    _write_all(HERE / "example" / "inputs", {n: made[f"data.{n}"] for n in data}, challenge["data"])
    _write_all(HERE / "example" / "truths", truths, challenge["truths"])
    source = {edge["to"]: edge["from"] for edge in challenge["edges"]}
    for name in challenge["steps"]:
        step = _yaml(HERE / name / "step.yaml")
        inputs = {port: made[source[f"{name}.{port}"]] for port in step["inputs"]}
        _write_step(name, step, inputs, truths, challenge["truths"])
        outputs = _baseline(name, inputs)
        made |= {f"{name}.{port}": table for port, table in outputs.items()}
        _write_expected(name, step, outputs, truths)


def _write_step(name, step, inputs, truths, truth_types):
    folder = HERE / name / "tests" / "example"
    needed = {"rated", step["metric"]["truth"]}  # controls may look at the stars
    _write_all(folder / "inputs", inputs, step["inputs"])
    _write_all(folder / "truths", {n: truths[n] for n in sorted(needed)}, truth_types)


def _baseline(name, inputs):
    solve = runpy.run_path(str(HERE / name / "baseline" / "run.py"))["solve"]
    return solve(inputs, params={}, rng=np.random.default_rng(0))


def _write_expected(name, step, outputs, truths):
    metric = step["metric"]
    truth, prediction = truths[metric["truth"]], outputs[metric["prediction"]]
    if metric["join"] == "key":
        prediction = truth[KEY].merge(prediction, on=KEY, validate="1:1")
    value = runpy.run_path(str(HERE / name / "metric.py"))["score"](truth, prediction)
    document = {
        "metric": metric["name"],
        "solution": "baseline",
        "seed": 0,
        "value": round(value[metric["name"]], 12),
        "tolerance": metric["tolerance"],
    }
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    (HERE / name / "tests" / "expected.json").write_text(text, encoding="utf-8")


def _write_all(folder: Path, tables: dict[str, pd.DataFrame], types: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, table in tables.items():
        columns = _yaml(HERE / "types" / f"{types[name]}.yaml")["columns"]
        arrays = {c["name"]: _array(table[c["name"]], c["dtype"]) for c in columns}
        pq.write_table(
            pa.table(arrays), folder / f"{name}.parquet", compression="zstd", store_schema=False
        )


def _array(column, dtype):
    return pa.array(column.to_numpy(), type=pa.bool_() if dtype == "bool" else dtype)


def _yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

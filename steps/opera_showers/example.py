"""Write the tiny examples: `python steps/opera_showers/example.py`.

Volumes come from the challenge's own simulator, but smaller, with less background and showers of
lower energy than those of the splits. Each step's example is what the baselines before it make of
them; `expected.json` holds the baseline's score.
"""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

HERE = Path(__file__).parent
sys.path.append(str(HERE / "lib"))
SEED = 20100531
"""The day OPERA announced its first tau neutrino."""
TRAINING, TARGETS, FIRST_TARGET = 6, 5, 100_000
SMALL = {
    "half_width": 1200.0,
    "energy": (0.6, 3.5),
    "shares": (0.6, 0.3, 0.1),
    "apart": 600.0,
}
DENSITY_CM2 = 6.0


def main() -> None:
    """Write every example afresh."""
    data, truths = world()
    challenge = _yaml(HERE / "challenge.yaml")
    made = {f"data.{name}": table for name, table in data.items()}
    _write_all(HERE / "example" / "inputs", data, challenge["data"])
    _write_all(HERE / "example" / "truths", truths, challenge["truths"])
    source = {edge["to"]: edge["from"] for edge in challenge["edges"]}
    for name in challenge["steps"]:
        step = _yaml(HERE / name / "step.yaml")
        inputs = {port: made[source[f"{name}.{port}"]] for port in step["inputs"]}
        truth = step["metric"]["truth"]
        folder = HERE / name / "tests" / "example"
        _write_all(folder / "inputs", inputs, step["inputs"])
        _write_all(folder / "truths", {truth: truths[truth]}, challenge["truths"])
        outputs = _baseline(name, inputs)
        made |= {f"{name}.{port}": table for port, table in outputs.items()}
        _write_expected(name, step, outputs, truths)


def world() -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Simulate (data, truths), as `generate.py` does for a split."""
    from opera import background, volumes

    numbers = np.concatenate([np.arange(TRAINING), FIRST_TARGET + np.arange(TARGETS)])
    rng = np.random.default_rng(SEED)
    stray = background.Background(density_cm2=DENSITY_CM2)
    made = volumes.make(numbers, plan=volumes.Plan(background=stray, **SMALL), rng=rng)
    tables = {name: pd.DataFrame(table) for name, table in made.items()}
    data, truths = {"tracks": tables.pop("tracks")}, {}
    for name, table in tables.items():
        target = table["volume"] >= FIRST_TARGET
        data[f"training_{name.removeprefix('true_')}"] = table[~target].reset_index(drop=True)
        truths[name] = table[target].reset_index(drop=True)
    return data, truths


def _baseline(name, inputs):
    solve = runpy.run_path(str(HERE / name / "baseline" / "run.py"))["solve"]
    return solve(inputs, params=_params(name), rng=np.random.default_rng(0))


def _params(name):
    return _yaml(HERE / name / "baseline" / "solution.yaml").get("params", {})


def _write_expected(name, step, outputs, truths):
    metric = step["metric"]
    truth, prediction = truths[metric["truth"]], outputs[metric["prediction"]]
    if metric["join"] == "key":
        key = _yaml(HERE / "types" / f"{metric['truth']}.yaml")["key"]
        prediction = truth[key].merge(prediction, on=key, validate="1:1")
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
        arrays = {c["name"]: pa.array(table[c["name"]].to_numpy(), c["dtype"]) for c in columns}
        pq.write_table(
            pa.table(arrays), folder / f"{name}.parquet", compression="zstd", store_schema=False
        )


def _yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

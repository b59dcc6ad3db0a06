"""Write the tiny examples: `python steps/quantum_control/example.py`.

A device of its own is drawn, with fewer days. Each step's example is what the baselines before it
make of that device; `expected.json` holds the baseline's score.
"""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).parent
SEED = 16
CALIBRATION_DAYS, HIDDEN_DAYS, DRAWS = 6, 10, 2
SUFFIX = {"table": ".parquet", "json": ".json", "array": ".npy"}


def main() -> None:
    """Write every example afresh."""
    sys.path.insert(0, str(HERE / "lib"))
    challenge = _yaml(HERE / "challenge.yaml")
    whole = HERE / "example"
    _simulate(challenge, whole)
    made = {
        f"data.{name}": _load(whole / "inputs", name, t) for name, t in challenge["data"].items()
    }
    truth = _load(whole / "truths", "draws", "draws")
    source = {edge["to"]: edge["from"] for edge in challenge["edges"]}
    for name in challenge["steps"]:
        step = _yaml(HERE / name / "step.yaml")
        inputs = {port: made[source[f"{name}.{port}"]] for port in step["inputs"]}
        _write_example(name, step, inputs)
        outputs = _baseline(name, inputs)
        made |= {f"{name}.{port}": value for port, value in outputs.items()}
        _write_expected(name, step, outputs, truth)


def _simulate(challenge: dict, folder: Path) -> None:
    """Draw the example's device with the public split's noise and put its files in their rooms."""
    params = challenge["origin"]["simulator"]["public"]["params"]
    small = {"calibration_days": CALIBRATION_DAYS, "hidden_days": HIDDEN_DAYS, "draws": DRAWS}
    shutil.rmtree(folder, ignore_errors=True)
    simulate = runpy.run_path(str(HERE / "generate.py"))["simulate"]
    simulate(folder / "inputs", rng=np.random.default_rng(SEED), params=params | small)
    (folder / "truths").mkdir()
    (folder / "inputs" / "draws.parquet").rename(folder / "truths" / "draws.parquet")


def _write_example(name: str, step: dict, inputs: dict) -> None:
    folder = HERE / name / "tests" / "example"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "inputs").mkdir(parents=True)
    shutil.copytree(HERE / "example" / "truths", folder / "truths")
    for port, type_id in step["inputs"].items():
        file = f"{port}{SUFFIX[_kind(type_id)]}"
        if (HERE / "example" / "inputs" / file).exists():
            shutil.copy(HERE / "example" / "inputs" / file, folder / "inputs" / file)
        else:
            np.save(folder / "inputs" / file, inputs[port])


def _baseline(name: str, inputs: dict) -> dict:
    solve = runpy.run_path(str(HERE / name / "baseline" / "run.py"))["solve"]
    return solve(inputs, params={}, rng=np.random.default_rng(0))


def _write_expected(name: str, step: dict, outputs: dict, truth: pd.DataFrame) -> None:
    metric = step["metric"]
    score = runpy.run_path(str(HERE / name / "metric.py"))["score"]
    value = score(truth, outputs[metric["prediction"]])[metric["name"]]
    document = {
        "metric": metric["name"],
        "solution": "baseline",
        "seed": 0,
        "value": round(value, 12),
        "tolerance": metric["tolerance"],
    }
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    (HERE / name / "tests" / "expected.json").write_text(text, encoding="utf-8")


def _load(folder: Path, name: str, type_id: str):
    path = folder / f"{name}{SUFFIX[_kind(type_id)]}"
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return json.loads(path.read_text(encoding="utf-8"))


def _kind(type_id: str) -> str:
    return _yaml(HERE / "types" / f"{type_id}.yaml")["kind"]


def _yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

"""The simulated challenges: how long data, baselines and better pipelines take; what they gain.

`python -m benchmarks.bench_challenges` makes both at their full size, with a fixed secret, so
that everybody's hidden splits are the same. Takes some minutes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.__main__ import show
from coopt_dag.execution.simulate import simulate
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace

ROOT = Path(__file__).parents[1]
SECRET = b"rehearsal".ljust(32, b".")
BETTER = {
    "opera_showers": {
        "link": "boosted",
        "reject_background": "boosted",
        "separate_showers": "axes",
        "axis": "early_fit",
        "energy": "log_linear",
    },
    "quantum_control": {
        "pulse_shape": "cosine",
        "calibration": "fit_tone",
        "robustness": "in_phase_grape",
        "leakage_correction": "quadrature_grape",
        "verification": "sampled",
    },
}
COOPT = [sys.executable, "-m", "coopt_dag.cli"]


def measure() -> dict[str, Any]:
    """Measure every challenge; seconds on the cores that there are, two at most."""
    return {name: _challenge(name) for name in BETTER}


def _challenge(name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "steps" / name, root / "steps" / name, ignore=ignored)
        shutil.copyfile(ROOT / "coopt.toml", root / "coopt.toml")
        workspace = find_workspace(root)
        began = time.perf_counter()
        simulate(workspace, load_challenge(workspace, name), secret=SECRET, tell=print)
        found: dict[str, Any] = {"simulate_s": time.perf_counter() - began}
        _run(root, name, {"--stub": ""})  # the environment is built, the server's code compiled
        before = _timed(root, name, {}, found, "baseline")
        after = _timed(root, name, BETTER[name], found, "better")
        for split in ("quiz", "sealed"):
            found[split] = _gain(root, before, after, split)
        return found


def _timed(
    root: Path, name: str, chosen: dict[str, str], found: dict[str, Any], label: str
) -> dict[str, Any]:
    began = time.perf_counter()
    document = _run(root, name, {f"{step}={one}": "--with" for step, one in chosen.items()})
    found[f"{label}_s"] = time.perf_counter() - began
    return document


def _run(root: Path, name: str, words: dict[str, str]) -> dict[str, Any]:
    options = [w for value, key in words.items() for w in ((key, value) if key else (value,))]
    done = subprocess.run(
        [*COOPT, "run", name, *options, "--cores", "2", "--json"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout)["document"]["pipelines"][0])


def _gain(
    root: Path, before: dict[str, Any], after: dict[str, Any], split: str
) -> dict[str, float]:
    """Compare two pipelines example by example by the losses of the end-to-end metric."""
    values = [p["splits"][split]["end_to_end"]["value"] for p in (before, after)]
    losses = [_losses(root, p, split) for p in (before, after)]
    gains = losses[0] - losses[1]
    return {
        "baseline": values[0],
        "better": values[1],
        "z": float(gains.mean() / (gains.std(ddof=1) / np.sqrt(gains.size))),
    }


def _losses(root: Path, pipeline: dict[str, Any], split: str) -> Any:
    value = pipeline["splits"][split]["end_to_end"]["value"]
    for path in (root / "store" / "end_to_end.score").glob("*/score.json"):
        document = json.loads(path.read_text())
        if document["value"] == value:
            return np.load(path.with_name(document["losses"]))
    raise FileNotFoundError(f"no score of {value} on {split}")


if __name__ == "__main__":
    show(measure())

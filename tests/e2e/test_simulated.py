"""A simulated challenge in a workspace that holds nothing but its folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
BETTER = {
    "pulse_shape": "cosine",
    "calibration": "fit_tone",
    "robustness": "in_phase_grape",
    "leakage_correction": "quadrature_grape",
    "verification": "sampled",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    ignored = shutil.ignore_patterns("__pycache__")
    name = "steps/quantum_control"
    shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copyfile(ROOT / "coopt.toml", folder / "coopt.toml")
    return folder


def run(place: Path, *words: str) -> tuple[dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "coopt_dag.cli", "run", "quantum_control", *words, "--json"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)), done.stderr


def error_of(found: dict[str, Any], split: str) -> float:
    return float(found["document"]["pipelines"][0]["splits"][split]["end_to_end"]["value"])


def test_one_command_makes_its_data_and_runs_its_baselines(place: Path) -> None:
    found, said = run(place, "--cores", "1")
    assert "its data (quiz, sealed) are not here; simulating them first" in said
    assert (found["executed"], found["scored"]) == (10, 12)  # five steps on two splits; the whole
    kept = {
        (c["step"], c["id"]): c["kept"] for c in found["document"]["pipelines"][0]["constraints"]
    }
    assert kept.pop((None, "little_leakage"))
    assert all(kept.values())
    again, _ = run(place)
    assert (again["executed"], again["scored"]) == (0, 0)


def test_on_more_cores_the_results_are_the_same_bytes(place: Path) -> None:
    before = (place / "results/quantum_control.json").read_bytes()
    shutil.rmtree(place / "store")
    shutil.rmtree(place / "results")
    found, _ = run(place, "--cores", "2")
    assert found["executed"] == 10
    assert (place / "results/quantum_control.json").read_bytes() == before


@pytest.mark.parametrize("name", ["opera_showers", "quantum_control"])
def test_the_simulators_are_what_the_literature_says(tmp_path: Path, name: str) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "steps" / name, tmp_path / "steps" / name, ignore=ignored)
    shutil.copyfile(ROOT / "coopt.toml", tmp_path / "coopt.toml")
    done = subprocess.run(
        [sys.executable, "-m", "coopt_dag.cli", "challenge", "validate", name, "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    rows = json.loads(done.stdout)["checks"]
    assert len(rows) >= 15
    assert all(row["ok"] and row["reference"] for row in rows)


def test_better_steps_leave_a_tenth_of_the_error_on_sealed_noise(place: Path) -> None:
    plain, _ = run(place, "--split", "sealed")
    words = ["--split", "sealed"]
    words += [w for step, name in BETTER.items() for w in ("--with", f"{step}={name}")]
    better, _ = run(place, *words)
    assert error_of(better, "sealed") < error_of(plain, "sealed") / 10

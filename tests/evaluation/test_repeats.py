"""A score that wanders between runs is refused; nothing of the repeats stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.evaluation.evaluate import evaluate_pending
from coopt_dag.evaluation.register import register
from tests.evaluation.test_loop import offer
from tests.evaluation.test_reuse import report_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evaluation.conftest import Scene

Tell = "Callable[[str], None]"

# The truth of the quiz is 44, of public data 12: off by up to one half, anew at each run.
WANDERING = """
import os

def solve(inputs, *, params, rng):
    truth = 44 if len(inputs["numbers"]["values"]) == 4 else 12
    return {"total": {"value": truth + int.from_bytes(os.urandom(4), "big") / 2**33}}
"""


def account(scene: Scene, number: int) -> dict[str, Any]:
    return json.loads((scene.root / f".coopt/evaluations/{number}.json").read_text())


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def left_behind(scene: Scene) -> list[Path]:
    room = scene.root / ".coopt/repeats"
    return [p for p in room.iterdir() if p.is_dir()] if room.exists() else []


def test_a_wandering_score_is_refused_with_its_spread_on_public_data(
    scene: Scene, tell: Tell
) -> None:
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "baseline", "dice", WANDERING)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert (verdict.status, verdict.reason) == ("rejected", "irreproducible")
    report = report_of(scene, verdict.submission_id)
    assert set(report) == {"schema", "submission", "reason", "spreads"}
    rows = {row["score"]: row for row in report["spreads"]}
    assert set(rows) == {"add", "end_to_end"}
    for row in rows.values():
        assert (row["split"], row["runs"], row["tolerance"]) == ("public", 2, 1e-9)
        assert 1e-9 < row["spread"] <= 0.5
    everything = account(scene, verdict.submission_id)["reproduction"]["spreads"]
    hidden = [row["values"] for row in everything if row["split"] == "quiz"]
    assert all(first != second for first, second in hidden)
    assert left_behind(scene) == []


def test_within_the_metrics_tolerance_two_runs_may_differ(scene: Scene, tell: Tell) -> None:
    line = "range: [0, 1000000]"
    for name in ("challenge.yaml", "add/step.yaml"):
        path = scene.root / "steps/tiny" / name
        indent = "    " if name == "challenge.yaml" else "  "
        change(path, line, f"{line}\n{indent}tolerance: 0.5")
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "baseline", "dice", WANDERING)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    assert verdict.status == "record"
    rows = account(scene, verdict.submission_id)["reproduction"]["spreads"]
    assert all(0 < row["spread"] <= 0.5 for row in rows)


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_step_says_how_often_its_solutions_run(scene: Scene, tell: Tell, repeats: int) -> None:
    step = scene.root / "steps/tiny/add/step.yaml"
    change(step, "version: 1", f"version: 1\nrepeats: {repeats}")
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    offer(scene, "add", "baseline", "dice", WANDERING)
    (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
    found = account(scene, verdict.submission_id)["reproduction"]
    if repeats == 1:
        assert (verdict.status, found["spreads"]) == ("record", [])
    else:
        assert verdict.reason == "irreproducible"
        assert {len(row["values"]) for row in found["spreads"]} == {3}


def test_a_solution_that_sometimes_crashes_is_irreproducible(scene: Scene, tell: Tell) -> None:
    change(scene.root / "steps/tiny/add/step.yaml", "version: 1", "version: 1\nrepeats: 10")
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    # Crashes in 1 of 8 runs. An evaluation needs two good runs to get as far as the repeats, and
    # is irreproducible if one of the 18 that follow crashes: 0.77 * 0.91 = 0.70. That none of 12
    # evaluations is has probability 0.3 ** 12 < 1e-6.
    code = WANDERING.replace("    truth", "    assert os.urandom(1)[0] >= 32\n    truth", 1)
    code = code.replace('int.from_bytes(os.urandom(4), "big") / 2**33', "0")
    reasons = set()
    for number in range(12):
        offer(scene, "add", "baseline", f"dice{number}", code + f"# {number}\n")
        (verdict,) = evaluate_pending(scene.lab, cores=2, tell=tell)
        reasons.add(verdict.reason)
        if verdict.reason == "irreproducible":
            assert account(scene, verdict.submission_id)["reproduction"]["failure"]
            assert "failure" not in report_of(scene, verdict.submission_id)
            break
    assert "irreproducible" in reasons


def test_what_lies_above_the_step_is_not_run_again(scene: Scene, tell: Tell) -> None:
    # `double` wanders, as the lab allows by `repeats: 1`; `add` is judged on one and the same run
    code = (
        "import os\n"
        "def solve(inputs, *, params, rng):\n"
        "    values = [os.urandom(1)[0] for _ in inputs['numbers']['values']]\n"
        "    return {'doubled': {'values': values}}\n"
    )
    (scene.root / "steps/tiny/double/baseline/run.py").write_text(code)
    change(scene.root / "steps/tiny/double/step.yaml", "version: 1", "version: 1\nrepeats: 1")
    register(scene.lab, scene.challenge, cores=2, tell=tell)
    found = account(scene, 2)["reproduction"]
    assert found["holds"]
    assert {row["spread"] for row in found["spreads"]} == {0}


def test_a_baseline_that_wanders_is_refused_when_it_is_registered(scene: Scene, tell: Tell) -> None:
    (scene.root / "steps/tiny/add/baseline/run.py").write_text(WANDERING)
    double, add = register(scene.lab, scene.challenge, cores=2, tell=tell)
    # `double` is judged with the wandering `add` below it, whose end-to-end score is not its own
    assert {double.reason, add.reason} == {"irreproducible"}


SLOW = """
import time

def solve(inputs, *, params, rng):
    time.sleep(2)
    return {"total": {"value": sum(inputs["numbers"]["values"])}}
"""

CHILD = """
import sys
from pathlib import Path
from coopt_dag.evaluation.pipeline import score_pipeline
from coopt_dag.evaluation.reproducibility import reproduce
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace

workspace = find_workspace(Path(sys.argv[1]))
challenge = load_challenge(workspace, "tiny")
pipeline = {s: loaded.solutions["baseline"] for s, loaded in challenge.steps.items()}
scores = score_pipeline(workspace, challenge, pipeline, splits=("quiz", "public"), cores=2)
reproduce(workspace, challenge, scores, "add", name="killed", cores=2)
"""


@pytest.mark.kill
def test_repeats_that_were_killed_leave_nothing_behind_after_the_next_evaluation(
    scene: Scene, tell: Tell
) -> None:
    (scene.root / "steps/tiny/add/baseline/run.py").write_text(SLOW)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(scene.root)])
    room = scene.root / ".coopt/repeats/killed/store/.stage"
    for _ in range(600):
        if room.exists():
            break
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert left_behind(scene)
    verdicts = register(scene.lab, scene.challenge, cores=2, tell=tell)
    assert {v.status for v in verdicts} == {"record"}
    assert left_behind(scene) == []

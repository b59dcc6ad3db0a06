"""Modules that the code of a challenge shares: found by all of it, and part of every key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.errors import SpecError
from coopt_dag.execution.planning import plan_for
from coopt_dag.execution.request import Request
from coopt_dag.execution.run import run
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.outcome import Outcome

    Go = Callable[..., Outcome]

SOLVE = """from arithmetic.twice import twice

def solve(inputs, *, params, rng):
    return {"doubled": {"values": [twice(v) for v in inputs["numbers"]["values"]]}}
"""
METRIC = """from arithmetic.twice import twice

def score(reference, prediction):
    pairs = zip(reference["values"], prediction["values"], strict=True)
    return {"mae": float(sum(abs(r - p) for r, p in pairs)) + twice(0)}
"""
PROGRAM = """#!/usr/bin/env python3
import json, os
from arithmetic.twice import twice

numbers = json.load(open(os.environ["COOPT_IN"] + "/numbers.json"))["values"]
with open(os.environ["COOPT_OUT"] + "/doubled.json", "w") as file:
    json.dump({"values": [twice(v) for v in numbers]}, file)
"""


@pytest.fixture
def shared(workspace: Path) -> Path:
    """Give the tiny challenge a library that its first step and metric need."""
    folder = workspace / "steps/tiny"
    (folder / "lib/arithmetic").mkdir(parents=True)
    (folder / "lib/arithmetic/twice.py").write_text("def twice(value):\n    return 2 * value\n")
    spec = folder / "challenge.yaml"
    spec.write_text(spec.read_text() + "library: lib\n")
    (folder / "double/baseline/run.py").write_text(SOLVE)
    (folder / "double/metric.py").write_text(METRIC)
    return folder


def error_of(outcome: Outcome) -> float:
    assert outcome.document is not None
    steps: dict[str, Any] = outcome.document["pipelines"][0]["splits"]["quiz"]["steps"]
    return float(steps["double"]["value"])


@pytest.mark.parametrize("cage", ["strong", "weak", "none"])
def test_solutions_and_metrics_import_it_in_every_cage(
    shared: Path, workspace: Path, cage: Level
) -> None:
    loaded = find_workspace(workspace)
    plan, path = plan_for(loaded, Request("tiny"))
    assert error_of(run(plan, loaded.root, path, cores=2, cage=cage)) == 0.0


@pytest.mark.parametrize("cage", ["strong", "none"])
def test_a_program_in_python_imports_it_too(shared: Path, workspace: Path, cage: Level) -> None:
    solution = shared / "double/solutions/twice"
    (solution / "run.py").write_text(PROGRAM)
    (solution / "run.py").chmod(0o755)
    spec = (solution / "solution.yaml").read_text()
    kept = [line for line in spec.splitlines() if not line.startswith("entry")]
    (solution / "solution.yaml").write_text("\n".join([*kept, 'entry: {command: ["./run.py"]}\n']))
    loaded = find_workspace(workspace)
    plan, path = plan_for(loaded, Request("tiny", selection={"double": "twice"}))
    assert error_of(run(plan, loaded.root, path, cores=2, cage=cage)) == 0.0


def test_an_edit_of_it_runs_everything_anew_and_undone_runs_nothing(shared: Path, go: Go) -> None:
    assert go().executed == 4  # two steps on quiz and sealed
    module = shared / "lib/arithmetic/twice.py"
    text = module.read_text()
    module.write_text(text.replace("2 *", "3 *"))
    changed = go()
    assert (changed.executed, changed.reused) == (4, 0)
    assert error_of(changed) > 0
    module.write_text(text)
    assert go().executed == 0


def test_a_caged_run_cannot_write_to_it(shared: Path, go: Go) -> None:
    code = shared / "double/baseline/run.py"
    code.write_text(
        "import arithmetic.twice, pathlib\n"
        "pathlib.Path(arithmetic.twice.__file__).write_text('def twice(v):\\n    return 0\\n')\n"
        + SOLVE
    )
    with pytest.raises(Exception, match=r"Read-only file system|Permission"):
        go()
    assert "2 * value" in (shared / "lib/arithmetic/twice.py").read_text()


def test_a_library_without_a_module_is_refused_with_its_line(workspace: Path) -> None:
    spec = workspace / "steps/tiny/challenge.yaml"
    spec.write_text(spec.read_text() + "library: lib\n")
    with pytest.raises(SpecError, match=r"challenge\.yaml:\d+: library is 'lib'") as caught:
        load_challenge(find_workspace(workspace), "tiny")
    assert "write steps/tiny/lib" in (caught.value.hint or "")

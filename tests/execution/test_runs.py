"""A run executes what is missing, by content, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import NodeFailedError, ScoreInvalidError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path


Go = "Callable[..., Outcome]"


def store(workspace: Path) -> dict[str, bytes]:
    files = (p for p in (workspace / "store").rglob("*") if p.is_file() and p.name != ".lock")
    return {str(p.relative_to(workspace)): p.read_bytes() for p in files}


def test_a_second_run_executes_nothing(go: Go) -> None:
    first, second = go(), go()
    assert (first.executed, first.reused) == (4, 0)  # two steps, quiz and sealed inputs differ
    assert (second.executed, second.reused, second.scored) == (0, 4, 0)
    assert first.document == second.document


def test_swapping_a_step_runs_only_what_is_below_it(go: Go) -> None:
    go()
    swapped = go(selection={"add": "all_of_them"})
    assert (swapped.executed, swapped.reused) == (2, 2)
    assert go(selection={"double": "twice"}).executed == 4


def test_an_edit_undone_runs_nothing(go: Go, workspace: Path) -> None:
    go()
    code = workspace / "steps/tiny/double/baseline/run.py"
    text = code.read_text()
    code.write_text(text + "\n# an edit\n")
    assert go().executed == 4
    code.write_text(text)
    assert go().executed == 0


def test_a_result_is_never_stale_after_an_edit(go: Go, workspace: Path) -> None:
    # only-missing modes of other tools returned old values here
    before = go().document
    code = workspace / "steps/tiny/add/baseline/run.py"
    code.write_text('def solve(inputs, *, params, rng):\n    return {"total": {"value": 0}}\n')
    after = go().document
    assert after["plan"] != before["plan"]
    new = after["pipelines"][0]["splits"]["quiz"]["end_to_end"]["value"]
    truth = json.loads((workspace / "data/tiny/quiz/total.json").read_text())
    assert new == abs(next(iter(truth.values())))


def test_a_flipped_byte_is_named_and_its_node_made_again(go: Go, workspace: Path) -> None:
    go()
    before = store(workspace)
    broken = next(
        p for p in (workspace / "store/double").rglob("*.json") if "manifest" not in p.name
    )
    data = bytearray(broken.read_bytes())
    data[0] ^= 1
    broken.chmod(0o644)
    broken.write_bytes(data)
    outcome = go()
    assert [d.path for d in outcome.damaged] == [str(broken.relative_to(workspace))]
    assert "sha256" in outcome.damaged[0].reason
    assert outcome.executed == 1
    assert store(workspace) == before


def test_a_flipped_byte_in_a_manifest_is_found_too(go: Go, workspace: Path) -> None:
    go()
    manifest = next((workspace / "store/double").rglob("manifest.json"))
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes().replace(b'"kind": "step"', b'"kind": "stop"'))
    assert [d.path for d in go().damaged] == [str(manifest.relative_to(workspace))]


def test_the_store_is_read_only(go: Go, workspace: Path) -> None:
    go()
    files = [p for p in (workspace / "store").rglob("*") if p.is_file() and p.name != ".lock"]
    assert files
    assert {p.stat().st_mode & 0o222 for p in files} == {0}


def test_two_runs_from_nothing_give_the_same_bytes(go: Go, workspace: Path) -> None:
    import shutil

    go()
    first = store(workspace)
    shutil.rmtree(workspace / "store")
    go()
    assert store(workspace) == first


def edit(workspace: Path, step: str, body: str) -> None:
    (workspace / f"steps/tiny/{step}/baseline/run.py").write_text(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def solve(inputs, *, params, rng):\n    raise ValueError('no luck')\n", "no luck"),
        ("def solve(inputs, *, params, rng):\n    return {}\n", "returned no 'total'"),
        ("def solve(inputs, *, params, rng):\n    return {'sum': {}}\n", "no output of this step"),
        (
            "def solve(inputs, *, params, rng):\n    return {'total': {'value': float('nan')}}\n",
            "no number",
        ),
        ("def answer(inputs):\n    return {}\n", "defines no function 'solve'"),
        ("import os\n\ndef solve(inputs, *, params, rng):\n    os._exit(3)\n", "exit code 3"),
    ],
)
def test_a_failing_step_says_why_and_leaves_no_node(
    go: Go, workspace: Path, body: str, said: str
) -> None:
    edit(workspace, "add", body)
    with pytest.raises(NodeFailedError, match=said) as caught:
        go()
    assert "step 'add'" in str(caught.value)
    assert not list((workspace / "store").glob("add/*/manifest.json"))
    assert len(list((workspace / "store").glob("double/*/manifest.json"))) == 2
    assert not (workspace / "results/tiny.json").exists()


def test_a_step_that_takes_too_long_is_ended(go: Go, workspace: Path) -> None:
    edit(
        workspace,
        "add",
        "import time\n\ndef solve(inputs, *, params, rng):\n    time.sleep(60)\n",
    )
    spec = workspace / "steps/tiny/add/step.yaml"
    spec.write_text(spec.read_text().replace("wall_s: 30", "wall_s: 1"))
    with pytest.raises(NodeFailedError, match="longer than its budget"):
        go()


def test_a_metric_that_gives_no_number_never_ranks(go: Go, workspace: Path) -> None:
    (workspace / "steps/tiny/add/metric.py").write_text(
        "def score(reference, prediction):\n    return {'error': float('nan')}\n"
    )
    with pytest.raises(ScoreInvalidError, match="never ranks"):
        go()


def test_an_unknown_solution_is_refused_with_a_near_name(go: Go) -> None:
    with pytest.raises(UnknownNameError) as caught:
        go(selection={"double": "twce"})
    assert caught.value.hint == "did you mean 'twice'?"


def test_an_executable_in_any_language_is_a_solution(go: Go, workspace: Path) -> None:
    folder = workspace / "steps/tiny/double/baseline"
    (folder / "run.py").unlink()
    script = folder / "copy.sh"
    script.write_text('#!/bin/sh\ncp "$COOPT_IN/numbers.json" "$COOPT_OUT/doubled.json"\n')
    script.chmod(0o755)
    spec = folder / "solution.yaml"
    spec.write_text(spec.read_text().replace("python: run.py", 'command: ["copy.sh"]'))
    assert go().executed == 4

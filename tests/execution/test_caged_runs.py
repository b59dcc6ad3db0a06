"""Ordinary life in the cage: what a run may do, how it fails, and what its manifest says."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from coopt_dag.errors import IsolationError, NodeFailedError
from coopt_dag.execution.believed import uncaged
from coopt_dag.execution.harness import launch
from coopt_dag.execution.harness.job import expand
from coopt_dag.execution.harness.nursery import Nursery
from coopt_dag.execution.planning import plan_for
from coopt_dag.execution.request import Request
from coopt_dag.execution.run import run
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.outcome import Outcome

SOLVE = "def solve(inputs, *, params, rng):\n"
MB = 1 << 20


def once(workspace: Path, *, cage: Level = "strong", believe: bool = True) -> Outcome:
    loaded = find_workspace(workspace)
    plan, path = plan_for(loaded, Request("tiny"))
    return run(plan, loaded.root, path, cores=2, cage=cage, believe=believe)


def levels(workspace: Path) -> set[str]:
    found = (workspace / "store").glob("*/*/manifest.json")
    return {json.loads(path.read_text())["isolation"]["level"] for path in found}


def edit(workspace: Path, step: str, body: str, **budget: int) -> None:
    (workspace / f"steps/tiny/{step}/baseline/run.py").write_text(body)
    spec = workspace / f"steps/tiny/{step}/step.yaml"
    lines = spec.read_text().splitlines()
    kept = [x for x in lines if x.strip().partition(":")[0] not in budget]
    at = next(i for i, x in enumerate(kept) if x.startswith("budget:"))
    kept[at + 1 : at + 1] = [f"  {name}: {value}" for name, value in budget.items()]
    spec.write_text("\n".join(kept) + "\n")


def failed(workspace: Path) -> NodeFailedError:
    with pytest.raises(NodeFailedError) as caught:
        once(workspace)
    return caught.value


def test_a_manifest_says_which_walls_stood(go: Callable[..., Outcome], workspace: Path) -> None:
    go()
    path = next((workspace / "store").glob("add/*/manifest.json"))
    isolation: dict[str, Any] = json.loads(path.read_text())["isolation"]
    assert (isolation["level"], isolation["launcher"]) == ("strong", "fork")
    assert {"namespaces", "read-only root", "seccomp", "rlimits"} <= set(isolation["walls"])


@pytest.mark.parametrize("cage", ["none", "weak"])
def test_what_ran_in_less_than_the_cage_is_marked_and_a_judge_runs_it_again(
    workspace: Path, cage: Level
) -> None:
    first = once(workspace, cage=cage)
    assert (first.executed, first.uncaged) == (4, 10)  # 4 steps and their 6 scores
    assert levels(workspace) == {cage}
    assert once(workspace).executed == 0  # good enough for one's own look
    judged = once(workspace, believe=False)
    assert (judged.executed, judged.scored, judged.uncaged) == (4, 6, 0)
    assert levels(workspace) == {"strong"}


def test_one_uncaged_node_takes_all_that_was_made_of_it_along(workspace: Path) -> None:
    once(workspace, cage="none")
    plan, _ = plan_for(find_workspace(workspace), Request("tiny"))
    for step in ("add", "double.score", "add.score", "end_to_end.score"):
        for path in (workspace / "store").glob(f"{step}/*/manifest.json"):
            path.chmod(0o644)
            path.write_text(path.read_text().replace('"none"', '"strong"'))
    assert len(uncaged(plan, workspace)) == 2  # `double` on two splits
    assert once(workspace, believe=False).executed == 4


def test_memory_beyond_the_budget_is_called_so(workspace: Path) -> None:
    edit(workspace, "add", SOLVE + "    x = bytearray(900 << 20)\n    return {}\n", mem_mb=64)
    assert failed(workspace).failure == "out_of_memory"


def test_memory_of_all_processes_counts_together(workspace: Path) -> None:
    body = (
        "import os, time\n\n\n" + SOLVE + "    for _ in range(8):\n        if os.fork() == 0:\n"
        "            held = bytearray(os.urandom(1 << 20) * 48)\n            time.sleep(20)\n"
        "    time.sleep(20)\n"
    )
    edit(workspace, "add", body, mem_mb=64, disk_mb=1)
    assert failed(workspace).failure == "out_of_memory"


def test_time_beyond_the_budget_is_called_so(workspace: Path) -> None:
    edit(workspace, "add", SOLVE + "    while True:\n        pass\n", wall_s=1)
    assert failed(workspace).failure == "timed_out"


def test_output_beyond_the_budget_is_called_so(workspace: Path) -> None:
    body = SOLVE + (
        "    with open('/out/total.json', 'wb') as file:\n        file.write(bytes(3 << 20))\n"
    )
    edit(workspace, "add", body, disk_mb=2)
    assert failed(workspace).failure == "too_much_output"


def test_an_output_of_the_wrong_type_is_named(workspace: Path) -> None:
    body = (
        "import os\n\n\n" + SOLVE + "    with open('/out/total.json', 'w') as file:\n"
        "        file.write('[1]')\n    os._exit(0)\n"
    )
    edit(workspace, "add", body)
    error = failed(workspace)
    assert (error.failure, error.field) == ("invalid_output", "total")


def test_an_output_that_is_missing_is_named(workspace: Path) -> None:
    edit(workspace, "add", "import os\n\n\n" + SOLVE + "    os._exit(0)\n")
    error = failed(workspace)
    assert (error.failure, error.field) == ("invalid_output", "total")


@pytest.mark.parametrize("claim", ["IsolationError", "CooptError", "ScoreInvalidError"])
def test_a_run_cannot_pass_its_failure_off_as_somebody_elses(workspace: Path, claim: str) -> None:
    words = {"error": claim, "message": "try again", "failure": "no such class", "field": "labels"}
    body = (
        "import json, os\n\n\n" + SOLVE + f"    said = {json.dumps(json.dumps(words))}\n"
        "    os.pwrite(4, said.encode(), 0)\n    os._exit(1)\n"
    )
    edit(workspace, "add", body)
    error = failed(workspace)
    assert (error.failure, error.field) == ("crashed", None)
    assert "try again" in error.message  # so the words did arrive


def test_scratch_space_is_there_and_gone_with_the_run(workspace: Path) -> None:
    body = (
        "import tempfile\nfrom multiprocessing import get_context\n\n\n"
        "def double(x):\n    return 2 * x\n\n\n"
        + SOLVE
        + "    with tempfile.NamedTemporaryFile() as file:\n        file.write(b'x')\n"
        "    with get_context('fork').Pool(2) as pool:\n"
        "        assert pool.map(double, [1, 2]) == [2, 4]\n"
        "    return {'total': {'value': 1.0}}\n"
    )
    edit(workspace, "add", body)
    assert once(workspace).executed == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's runs are nobody")
def test_a_file_that_only_root_may_read_is_nobodys_failure(workspace: Path) -> None:
    secret = workspace / "steps/tiny/add/baseline/table.txt"
    secret.write_text("x")
    secret.chmod(0o600)
    with pytest.raises(IsolationError, match="owner only") as caught:
        once(workspace)
    assert caught.value.hint.startswith("chmod o+rX")


def test_a_child_that_dies_before_its_first_word_is_the_machines_failure(workspace: Path) -> None:
    plan, _ = plan_for(find_workspace(workspace), Request("tiny"))
    key = next(k for k, node in plan["nodes"].items() if not node.get("metric"))
    nursery = Nursery(None)
    nursery.refill()
    os.kill(nursery.spares[0].pid, signal.SIGSTOP)  # so that it does not get to its log
    running = launch.start(expand(plan, key) | {"cage": "none"}, workspace, nursery)
    os.kill(running.pid, signal.SIGKILL)
    _, status = os.waitpid(running.pid, 0)
    ended = launch.step_on(running, status, workspace, nursery)
    assert isinstance(ended, launch.Ended)
    assert ended.error is not None
    assert ended.error["error"] == "IsolationError"

"""A run can be killed at any point; the next one goes on from there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.diamond import build

COOPT = [sys.executable, "-m", "coopt_dag.cli"]
RUN = [*COOPT, "run", "diamond", "--cores", "2", "--all-combinations", "--no-score", "--json"]


def nodes(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in (root / "store").rglob("*")
        if p.is_file() and ".stage" not in p.parts and p.name != ".lock"
    }


def children_of(root: Path) -> list[int]:
    """Find processes that work in a workspace, by their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(root).encode() in line and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


@pytest.mark.kill
@pytest.mark.slow
def test_after_kill_9_only_the_missing_nodes_run_and_results_are_identical(
    tmp_path: Path,
) -> None:
    import json

    root = build(tmp_path / "diamond", burn=100_000)
    whole = json.loads(subprocess.run(RUN, cwd=root, check=True, capture_output=True).stdout)
    assert whole["executed"] == 102
    expected = nodes(root)
    shutil.rmtree(root / "store")
    running = subprocess.Popen(RUN, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list((root / "store").glob("[abcd]/*/manifest.json"))) < 20:
        assert running.poll() is None
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    deadline = time.monotonic() + 10
    while children_of(root) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children_of(root) == []  # the server and its workers died with their parent
    done = len(list((root / "store").glob("[abcd]/*/manifest.json")))
    assert 20 <= done < 102
    again = json.loads(subprocess.run(RUN, cwd=root, check=True, capture_output=True).stdout)
    assert (again["executed"], again["reused"]) == (102 - done, done)
    assert nodes(root) == expected
    assert not list((root / "store" / ".stage").iterdir())

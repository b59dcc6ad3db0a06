"""What a cage costs a node: the same orders caged and uncaged, interleaved, one at a time."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.diamond import build
from coopt_dag.execution.bwrap_binary import find_bwrap
from coopt_dag.execution.harness.job import expand, folder_of
from coopt_dag.execution.harness.publish import discard
from coopt_dag.execution.planning import plan_for
from coopt_dag.execution.pool import Pool
from coopt_dag.execution.request import Request
from coopt_dag.execution.run import run
from coopt_dag.specs.workspace import find_workspace

ROUNDS = 60
PROGRAM = '#!/bin/sh\nprintf \'{"y": 1}\' > "$COOPT_OUT/y.json"\n'


def measure() -> dict[str, Any]:
    """Give medians in milliseconds: a score (no inspection), a step, a program."""
    with tempfile.TemporaryDirectory() as scratch:
        root = build(Path(scratch) / "diamond", burn=0)
        before = Path.cwd()
        os.chdir(root)
        try:
            return _measure(root)
        finally:
            os.chdir(before)
            for folder in (root / "store").glob("*/*"):
                discard(folder)


def _measure(root: Path) -> dict[str, Any]:
    plan, path = plan_for(find_workspace(root), Request("diamond"))
    run(plan, root, path, cores=1)
    nodes = plan["nodes"]
    score = next(k for k, n in nodes.items() if n["metric"] == "a")
    step = next(k for k, n in nodes.items() if n["step"] == "a" and not n["metric"])
    program = root / expand(plan, step)["code"] / "program.sh"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    command = {"entry": {"command": ["program.sh"], "python": None, "function": None}}
    kinds = {"score": (score, {}), "step": (step, {}), "program": (step, command)}
    pools = {level: Pool(root, 1, {}, cage=level) for level in ("strong", "none")}
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for name, (key, extra) in kinds.items():
            for level, pool in pools.items():
                order = expand(plan, key) | extra | {"cage": level, "bwrap": str(find_bwrap())}
                discard(root / folder_of(plan, key))
                times.setdefault((name, level), []).append(_one(pool, order))
    for pool in pools.values():
        pool.close()
    found: dict[str, Any] = {}
    for name in kinds:
        caged, bare = (statistics.median(times[name, c]) * 1e3 for c in ("strong", "none"))
        found[name] = {"caged_ms": caged, "uncaged_ms": bare, "overhead_ms": caged - bare}
    return found


def _one(pool: Pool, order: dict[str, Any]) -> float:
    done, errors = threading.Event(), []

    def tell(error: dict[str, Any] | None) -> None:
        errors.append(error)
        done.set()

    begin = time.perf_counter()
    pool.send([(order, tell)])
    done.wait()
    spent = time.perf_counter() - begin
    if errors[0] is not None:
        raise SystemExit(json.dumps(errors[0]))
    return spent

"""Runs of the diamond against the floor and against hand-written Snakemake, in one go."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.diamond import build

BIN = Path(sys.executable).parent
COOPT = str(BIN / "coopt")
SNAKEMAKE = str(BIN / "snakemake")
ROUNDS = 3


def _run(folder: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [COOPT, "run", "diamond", "--cores", "2", "--json", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def measure() -> dict[str, Any]:
    """Give medians in seconds, ratios to the floor, and exact counts."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        ours = build(root / "ours")
        (ours / "workflows").mkdir()
        shutil.copyfile(Path("workflows/Snakefile"), ours / "workflows/Snakefile")
        _run(ours)  # builds the environment, outside of every measurement
        times: dict[str, list[float]] = {}
        for round_ in range(ROUNDS):
            for name, spent in _round(root / f"peers{round_}", ours).items():
                times.setdefault(name, []).append(spent)
        medians = {name: statistics.median(values) for name, values in times.items()}
        return {
            "seconds": medians,
            "ratio_to_floor": {n: v / medians["floor"] for n, v in medians.items()},
            "counts": _counts(ours),
            "again": _again(ours, root / "peers0"),
            "planning_20000_nodes_s": planning(),
        }


def _clear(ours: Path) -> None:
    for folder in ("store", "results", ".coopt", ".snakemake"):
        shutil.rmtree(ours / folder, ignore_errors=True)


def _round(folder: Path, ours: Path) -> dict[str, float]:
    peers.prepare(folder)
    run = [COOPT, "run", "diamond", "--cores", "2", "--all-combinations"]
    plain = [SNAKEMAKE, "-s", "workflows/Snakefile", "--cores", "2", "--quiet", "all"]
    grid = ["--config", "challenge=diamond", "grid=True", "scored=False"]
    found = {"floor": peers.floor(folder)}
    shutil.rmtree(folder / "out")
    hand = [SNAKEMAKE, "--cores", "2", "--quiet", "all"]
    found["snakemake by hand"] = peers.timed(hand, folder)
    found["joblib"] = peers.timed([sys.executable, "joblib_run.py"], folder)
    _clear(ours)
    found["coopt run"] = peers.timed([*run, "--no-score"], ours)
    _clear(ours)
    found["coopt run with 183 scores"] = peers.timed(run, ours)
    _clear(ours)
    found["snakemake, our Snakefile"] = peers.timed([*plain, *grid], ours)
    _clear(ours)
    executor = ["--executor", "coopt"]
    found["snakemake, our Snakefile, warm executor"] = peers.timed([*plain, *executor, *grid], ours)
    return found


def _counts(ours: Path) -> dict[str, int]:
    """Count executions after an edit, an undo and a swap."""
    _clear(ours)
    grid = ("--all-combinations", "--no-score")
    counts = {"all 81 combinations": _run(ours, *grid)["executed"]}
    counts["again"] = _run(ours, *grid)["executed"]
    code = ours / "steps/diamond/b/solutions/v2/run.py"
    text = code.read_text()
    code.write_text(text.replace("+ 0)", "+ 1)"))
    counts["one solution of b edited"] = _run(ours, *grid)["executed"]
    code.write_text(text)
    counts["edit undone"] = _run(ours, *grid)["executed"]
    return counts


def _again(ours: Path, folder: Path) -> dict[str, float]:
    """Give medians in seconds of runs that have little or nothing to do."""
    grid = [COOPT, "run", "diamond", "--cores", "2", "--all-combinations", "--no-score"]
    hand = [SNAKEMAKE, "--cores", "2", "--quiet", "all"]

    def median(words: list[str], where: Path) -> float:
        return statistics.median(peers.timed(words, where) for _ in range(5))

    found = {
        "coopt --help": median([COOPT, "--help"], ours),
        "dvc --help": median([str(BIN / "dvc"), "--help"], ours),
        "python -c pass": median([sys.executable, "-c", "pass"], ours),
        "coopt run, nothing to do": median(grid, ours),
        "snakemake by hand, nothing to do": median(hand, folder),
        "joblib, nothing to do": median([sys.executable, "joblib_run.py"], folder),
    }
    one = [COOPT, "run", "diamond", "--cores", "2", "--no-score"]
    times = []
    peers.timed(one, ours)
    code = ours / "steps/diamond/b/baseline/run.py"
    text = code.read_text()
    for salt in range(3):
        code.write_text(text.replace("+ 0)", f"+ {salt + 1})"))
        times.append(peers.timed(one, ours))
    code.write_text(text)
    found["coopt run, one step swapped in one combination"] = statistics.median(times)
    found["dvc repro, one stage edited in one pipeline"] = peers.dvc_swap(
        folder.parent / "dvc", str(BIN / "dvc")
    )
    return found


def planning() -> float:
    """Seconds to plan 20,000 nodes: 25 variants of four steps of a chain, cut to that size."""
    from coopt_dag.graph.plan import Planner, grid
    from coopt_dag.graph.shape import (
        ChallengeShape,
        DatasetShape,
        MetricShape,
        Port,
        SolutionShape,
        StepShape,
    )

    dag = {"a": ["data"], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
    steps = tuple(
        StepShape(
            name,
            tuple(Port(f"i{s}", "t", s, "x" if s == "data" else "y") for s in sources),
            ("y",),
            "contract",
            MetricShape(name, name, "y", "t", "m"),
        )
        for name, sources in dag.items()
    )
    shape = ChallengeShape("c", steps, MetricShape("end", "d", "y", "t", "m"), {"seed": 0})
    # Σ over steps: 12 + 144 + 144 + 12^4 = 21,036 nodes
    options = {s: [SolutionShape(f"v{k}", s, f"{s}{k}") for k in range(12)] for s in dag}
    data = DatasetShape("quiz", {"x": "h"}, {"t": "h"})
    started = time.perf_counter()
    planner = Planner(shape, scored=False)
    for selection in grid(options):
        planner.add(selection, data)
        if len(planner.nodes) >= 20_000:
            break
    return time.perf_counter() - started

"""The same 102 nodes without us: bare subprocesses, hand-written Snakemake, joblib."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.diamond import BURN, STEPS

SCRIPT = """import json, sys
def burn(n):
    total = 0
    for i in range(n):
        total = (total * 31 + i) % 1000003
    return total
out, k, *ins = sys.argv[1:]
seen = sum(json.load(open(p))["y"] for p in ins)
json.dump({{"y": (seen * int(k) + burn({burn})) % 1000003}}, open(out, "w"))
"""

SNAKEFILE = """\
N = {nodes}
rule all:
    input: [f"out/{{k}}.json" for k in N]
rule node:
    input: lambda w: [f"out/{{i}}.json" for i in N[w.k][1]]
    output: "out/{{k}}.json"
    params: v=lambda w: N[w.k][0]
    shell: "{python} -I script.py {{output}} {{params.v}} {{input}}"
"""

JOBLIB = """import json, sys
from joblib import Memory, Parallel, delayed
memory = Memory("cache", verbose=0)
def burn(n):
    total = 0
    for i in range(n):
        total = (total * 31 + i) % 1000003
    return total
@memory.cache
def node(step, k, seen):
    return (sum(seen) * k + burn({burn})) % 1000003
nodes = json.load(open("nodes.json"))
value = {{"x": 1}}
for level in ("a", "bc", "d"):
    now = [n for n in nodes if n[0] in level]
    calls = (delayed(node)(n[0], nodes[n][0], [value[i] for i in nodes[n][1]]) for n in now)
    done = Parallel(2)(calls)
    value.update(zip(now, done))
"""


def nodes(variants: int = 3) -> dict[str, tuple[int, list[str]]]:
    """Give name → (variant, inputs) of the 102 shared nodes."""
    found: dict[str, tuple[int, list[str]]] = {}
    for a in range(1, variants + 1):
        found[f"a{a}"] = (a, [])
        for k in range(1, variants + 1):
            found[f"b{a}{k}"] = (k, [f"a{a}"])
            found[f"c{a}{k}"] = (k, [f"a{a}"])
        for b in range(1, variants + 1):
            for c in range(1, variants + 1):
                for d in range(1, variants + 1):
                    found[f"d{a}{b}{c}{d}"] = (d, [f"b{a}{b}", f"c{a}{c}"])
    return found


assert len(STEPS) == 4


def prepare(folder: Path) -> None:
    """Write the peers' scripts."""
    (folder / "out").mkdir(parents=True)
    (folder / "script.py").write_text(SCRIPT.format(burn=BURN))
    (folder / "joblib_run.py").write_text(JOBLIB.format(burn=BURN))
    (folder / "nodes.json").write_text(json.dumps(nodes()))
    plain = {k: (v, [i for i in ins if i != "x"]) for k, (v, ins) in nodes().items()}
    (folder / "Snakefile").write_text(SNAKEFILE.format(nodes=plain, python=_python()))


def _python() -> str:
    return os.path.realpath(sys.executable)  # not through the venv's link


def floor(folder: Path) -> float:
    """Seconds for an interpreter a node, two at a time, levels in order: nothing else."""
    script, todo = str(folder / "script.py"), nodes()

    def one(name: str) -> None:
        variant, ins = todo[name]
        words = [_python(), "-I", script, f"out/{name}.json", str(variant)]
        words += [f"out/{i}.json" for i in ins]
        subprocess.run(words, cwd=folder, check=True)

    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        for level in ("a", "bc", "d"):
            list(pool.map(one, [n for n in todo if n[0] in level]))
    return time.perf_counter() - started


def timed(words: list[str], folder: Path, **env: str) -> float:
    """Seconds of one command, which must succeed."""
    started = time.perf_counter()
    done = subprocess.run(
        words, cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False
    )
    spent = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{words}: {done.stdout}\n{done.stderr}")
    return spent


def dvc_swap(folder: Path, dvc: str) -> float:
    """Seconds of `dvc repro` after an edit of b in one pipeline a → {b, c} → d of four stages."""
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT.format(burn=BURN))
    chain = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
    stages = {}
    for step, ins in chain.items():
        (folder / f"{step}.txt").write_text("1")
        files = " ".join(f"{i}.json" for i in ins)
        command = f"{_python()} -I script.py {step}.json $(cat {step}.txt) {files}"
        needs = [f"{step}.txt", *(f"{i}.json" for i in ins)]
        stages[step] = {"cmd": command, "deps": needs, "outs": [f"{step}.json"]}
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    timed([dvc, "init", "--no-scm", "--quiet"], folder)
    timed([dvc, "config", "core.analytics", "false"], folder)
    timed([dvc, "repro", "--quiet"], folder)
    times = []
    for k in (2, 3, 4):
        (folder / "b.txt").write_text(str(k))
        times.append(timed([dvc, "repro", "--quiet"], folder))
    return statistics.median(times)

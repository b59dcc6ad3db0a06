"""The diamond of the peers: a → {b, c} → d, three solutions each, as a real workspace.

Each solution is a tiny Python script that burns about 20 ms of CPU; with an interpreter
start that is the ~42 ms of the published comparison.
"""

from __future__ import annotations

import json
from pathlib import Path

STEPS = {"a": ["data.x"], "b": ["a.y"], "c": ["a.y"], "d": ["b.y", "c.y"]}
BURN = 400_000

RUN = '''"""Variant {k} of step {step}."""


def burn(n):
    total = 0
    for i in range(n):
        total = (total * 31 + i) % 1000003
    return total


def solve(inputs, *, params, rng):
    seen = sum(value["y"] for value in inputs.values())
    return {{"y": {{"y": (seen * {k} + burn({burn}) + {salt}) % 1000003}}}}
'''

METRIC = '''"""Absolute distance."""


def score(reference, prediction):
    return {"error": abs(reference["y"] - prediction["y"])}
'''


def schema(kind: str) -> str:
    """Give the first line of a spec."""
    return f"# yaml-language-server: $schema=../../{kind}.schema.json\n"


def metric(output: str) -> str:
    """Give a metric's YAML body, indented by two."""
    return (
        "  name: error\n  unit: '1'\n  range: [0, 2000000]\n  direction: minimise\n"
        f"  prediction: {output}\n  truth: y\n  join: whole\n  summary: Absolute distance.\n"
    )


def build(root: Path, *, burn: int = BURN, variants: int = 3) -> Path:
    """Write the workspace below `root` and give it."""
    challenge = root / "steps" / "diamond"
    (challenge / "types").mkdir(parents=True)
    (root / "coopt.toml").write_text('schema = "coopt/workspace/1"\nname = "diamond"\n')
    (challenge / "environment.lock").write_text("# standard library only\n")
    (challenge / "metric.py").write_text(METRIC)
    (challenge / "types" / "number.yaml").write_text(
        schema("type") + "id: number\nkind: json\nsummary: One number.\n"
        "fields:\n  - {name: y, type: integer, unit: '1', description: A number.}\n"
    )
    (challenge / "challenge.yaml").write_text(schema("challenge") + _challenge())
    for split, value in (("public", 1), ("quiz", 2)):
        folder = root / "data" / "diamond" / split
        folder.mkdir(parents=True)
        (folder / "x.json").write_text(json.dumps({"y": value}) + "\n")
        (folder / "truth.json").write_text(json.dumps({"y": 10 + value}) + "\n")
    for step, sources in STEPS.items():
        _step(challenge / step, step, sources, burn=burn, variants=variants)
    return root


def _challenge() -> str:
    edges = "".join(
        f"  - {{from: {source}, to: {step}.{source.split('.')[0]}}}\n"
        for step, sources in STEPS.items()
        for source in sources
    )
    return (
        "schema: coopt/challenge/1\nid: diamond\ntitle: The diamond\nquestion: How fast?\n"
        "goal: Little overhead.\nmanifest: A benchmark.\n"
        "data: {x: number}\ntruths: {y: number}\nsteps: [a, b, c, d]\n"
        f"edges:\n{edges}"
        "splits:\n"
        "  public:\n    visibility: public\n    inputs: {x: public/x.json}\n"
        "    truths: {y: public/truth.json}\n"
        "  quiz:\n    visibility: quiz\n    inputs: {x: quiz/x.json}\n"
        "    truths: {y: quiz/truth.json}\n"
        "end_to_end:\n  step: d\n  record_split: quiz\n  final_split: quiz\n  metric:\n"
        + "".join(f"  {line}\n" for line in metric("y").splitlines())
        + "environment: {lock: environment.lock}\nlicence: CC0-1.0\n"
    )


def _step(folder: Path, step: str, sources: list[str], *, burn: int, variants: int) -> None:
    folder.mkdir()
    inputs = ", ".join(f"{s.split('.')[0]}: number" for s in sources)
    (folder / "step.yaml").write_text(
        schema("step") + f"schema: coopt/step/1\nid: {step}\nversion: 1\nsummary: Step {step}.\n"
        f"question: What is {step}?\ninputs: {{{inputs}}}\noutputs: {{y: number}}\n"
        f"metric:\n{metric('y')}"
    )
    (folder / "metric.py").write_text(METRIC)
    for k in range(1, variants + 1):
        name = "baseline" if k == 1 else f"v{k}"
        target = folder / "baseline" if k == 1 else folder / "solutions" / name
        target.mkdir(parents=True)
        (target / "run.py").write_text(RUN.format(k=k, step=step, burn=burn, salt=0))
        (target / "solution.yaml").write_text(
            schema("solution") + f"schema: coopt/solution/1\nid: {name}\nsummary: Variant {k}.\n"
            "authors: [bench]\nentry: {python: run.py}\n"
        )

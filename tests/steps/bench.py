"""A step on the bench: its example, solutions and metric, run through the harness itself."""

from __future__ import annotations

import contextlib
import functools
import json
import runpy
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from pydantic import TypeAdapter
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no types

from coopt_dag.execution.harness import artifacts, score, work
from coopt_dag.model.artifact import ArtifactType, filename
from coopt_dag.model.challenge import Challenge
from coopt_dag.model.solution import Solution
from coopt_dag.model.step import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
STEPS = ROOT / "steps"
_TYPE: TypeAdapter[Any] = TypeAdapter(ArtifactType)


@dataclass(frozen=True, slots=True)
class Bench:
    """One step of one challenge in this repository."""

    folder: Path

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def spec(self) -> Step:
        return Step.model_validate(_yaml(self.folder / "step.yaml"))

    @property
    def challenge(self) -> Challenge:
        return Challenge.model_validate(_yaml(self.folder.parent / "challenge.yaml"))

    @property
    def example(self) -> Path:
        return self.folder / "tests" / "example"

    @property
    def expected(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "tests" / "expected.json").read_text()))

    def type_of(self, type_id: str) -> Any:
        return _TYPE.validate_python(_yaml(self.folder.parent / "types" / f"{type_id}.yaml"))

    def solutions(self) -> dict[str, Path]:
        """Folders of all solutions, the baseline first."""
        others = sorted(p.parent for p in self.folder.glob("solutions/*/solution.yaml"))
        return {"baseline": self.folder / "baseline"} | {p.name: p for p in others}

    @contextlib.contextmanager
    def importable(self) -> Iterator[None]:
        """Put the challenge's library where a worker finds it."""
        library = self.challenge.library
        if library is not None:
            sys.path.append(str(self.folder.parent / library))
        yield

    def inputs(self) -> dict[str, Any]:
        return self._load("inputs", self.spec.inputs)

    def truths(self) -> dict[str, Any]:
        """The truths that the example ships, by name."""
        types = self.challenge.truths
        here = {
            n: t
            for n, t in types.items()
            if (self.example / "truths" / filename(self.type_of(t), n)).exists()
        }
        return self._load("truths", here)

    def _load(self, room: str, types: Mapping[str, str]) -> dict[str, Any]:
        loaded = {}
        for name, type_id in types.items():
            type_ = self.type_of(type_id)
            path = self.example / room / filename(type_, name)
            loaded[name] = artifacts.load(name, _plain(type_), path)
        return loaded


def benches() -> list[Bench]:
    """Every step of every challenge."""
    return [Bench(p.parent) for p in sorted(STEPS.glob("*/*/step.yaml"))]


def run_solution(
    bench: Bench, solution: Path, inputs: Path, out: Path, *, seed: int = 0, threads: int = 1
) -> Path:
    """Run a solution on the input files in a folder, as a worker would; give its output folder.

    A worker has one thread for arithmetic, whatever the machine has.
    """
    spec = Solution.model_validate(_yaml(solution / "solution.yaml"))
    out = _fresh(out)
    order = {
        "inputs": [_file(bench, n, t, inputs) for n, t in bench.spec.inputs.items()],
        "outputs": {
            n: {"type": _plain(bench.type_of(t)), "file": filename(bench.type_of(t), n)}
            for n, t in bench.spec.outputs.items()
        },
        "code": str(solution),
        "entry": spec.entry.model_dump(mode="json"),
        "params": spec.params,
        "seed": seed,
    }
    with threadpool_limits(threads), _clean_imports(), bench.importable():
        work.run_step(order, ROOT, out)
    return out


def run_control(bench: Bench, name: str, out: Path, *, seed: int = 0) -> Path:
    """Run `controls/<name>.py` on the example and write what it gives, checked by type."""
    out = _fresh(out)
    with _clean_imports(), bench.importable():
        control = runpy.run_path(str(bench.folder / "controls" / f"{name}.py"))["control"]
        outputs = control(bench.inputs(), bench.truths(), rng=np.random.default_rng(seed))
    assert set(outputs) == set(bench.spec.outputs)
    for port, type_id in bench.spec.outputs.items():
        write(bench, port, outputs[port], out, type_id=type_id)
    return out


def write(bench: Bench, name: str, value: Any, folder: Path, *, type_id: str) -> None:
    """Write one artifact into a folder, checked by its type."""
    type_ = bench.type_of(type_id)
    artifacts.save(name, _plain(type_), value, folder / filename(type_, name))


def judge(bench: Bench, outputs: Path, out: Path) -> dict[str, Any]:
    """Score what a folder of outputs holds against the example's truth; give score.json."""
    metric, out = bench.spec.metric, _fresh(out)
    order = {
        "inputs": [
            _file(bench, metric.prediction, bench.spec.outputs[metric.prediction], outputs),
            _file(
                bench,
                metric.truth,
                bench.challenge.truths[metric.truth],
                bench.example / "truths",
            ),
        ],
        "metric": metric.model_dump(mode="json"),
        "code": str(bench.folder / metric.code),
        "challenge": bench.challenge.id,
        "label": bench.spec.id,
    }
    with _clean_imports(), bench.importable():
        score.run_score(order, ROOT, out)
    return dict(json.loads((out / "score.json").read_text()))


def value_of(bench: Bench, outputs: Path, out: Path) -> float:
    """Give the figure that ranks."""
    return float(judge(bench, outputs, out)["value"])


def at_least_as_good(bench: Bench, one: float, other: float) -> bool:
    """Tell whether `one` is no worse than `other`, beyond the metric's tolerance."""
    metric = bench.spec.metric
    ahead = other - one if metric.direction == "minimise" else one - other
    return ahead >= -metric.tolerance


def _file(bench: Bench, name: str, type_id: str, folder: Path) -> dict[str, Any]:
    type_ = bench.type_of(type_id)
    return {"name": name, "type": _plain(type_), "path": str(folder / filename(type_, name))}


def _plain(type_: Any) -> dict[str, Any]:
    return dict(type_.model_dump(mode="json"))


@functools.cache
def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def _clean_imports() -> Iterator[None]:
    """A worker is a process of its own; here its paths and modules are taken back instead."""
    path, modules, silent = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, silent
        for name in set(sys.modules) - modules:
            at = getattr(sys.modules[name], "__file__", None)
            if name.startswith("coopt_entry_") or (at and Path(at).is_relative_to(STEPS)):
                del sys.modules[name]

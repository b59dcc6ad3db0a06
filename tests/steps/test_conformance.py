"""What every step of every challenge promises, checked on its own example."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coopt_dag.errors import CooptError
from tests.steps.bench import (
    Bench,
    at_least_as_good,
    benches,
    judge,
    run_control,
    run_solution,
    value_of,
    write,
)

EVERY_STEP = pytest.mark.parametrize("bench", [pytest.param(b, id=b.name) for b in benches()])
EVERY_SOLUTION = pytest.mark.parametrize(
    ("bench", "solution"),
    [pytest.param(b, s, id=f"{b.name}/{s}") for b in benches() for s in b.solutions()],
)
Made = Callable[[Bench, str], Path]
LARGEST_EXAMPLE_BYTES = 50_000
SLOWEST_S = 10.0


def _bytes_of(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _shuffled(value: Any, *, seed: int = 1) -> Any:
    if not isinstance(value, pd.DataFrame):
        return value
    return value.sample(frac=1.0, random_state=seed).reset_index(drop=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """What a solution, or a control (`@oracle`), makes of the example: run once for all tests."""
    known: dict[tuple[str, str], Path] = {}

    def run(bench: Bench, name: str) -> Path:
        if (bench.name, name) not in known:
            out = tmp_path_factory.mktemp("made")
            known[bench.name, name] = (
                run_control(bench, name[1:], out)
                if name.startswith("@")
                else run_solution(bench, bench.solutions()[name], bench.example / "inputs", out)
            )
        return known[bench.name, name]

    return run


@EVERY_STEP
def test_a_step_is_complete_and_its_example_small(bench: Bench) -> None:
    assert bench.spec.id == bench.folder.name
    for name in ("baseline/solution.yaml", "controls/oracle.py", "controls/chance.py"):
        assert (bench.folder / name).is_file(), name
    assert len(bench.solutions()) >= 2, "ship at least one solution better than the baseline"
    assert bench.inputs().keys() == bench.spec.inputs.keys()
    assert bench.spec.metric.truth in bench.truths()
    size = sum(p.stat().st_size for p in bench.example.rglob("*") if p.is_file())
    assert size <= LARGEST_EXAMPLE_BYTES


@EVERY_SOLUTION
def test_a_solution_runs_in_seconds_and_twice_the_same(
    bench: Bench, solution: str, made: Made, tmp_path: Path
) -> None:
    folder, inputs = bench.solutions()[solution], bench.example / "inputs"
    start = time.monotonic()
    once = run_solution(bench, folder, inputs, tmp_path / "once")
    assert time.monotonic() - start < SLOWEST_S
    assert _bytes_of(once) == _bytes_of(made(bench, solution))


@EVERY_SOLUTION
def test_one_thread_and_two_give_the_same_score(
    bench: Bench, solution: str, made: Made, tmp_path: Path
) -> None:
    folder, inputs = bench.solutions()[solution], bench.example / "inputs"
    two = run_solution(bench, folder, inputs, tmp_path / "two", threads=2)
    values = [value_of(bench, o, tmp_path / "score") for o in (made(bench, solution), two)]
    assert values[0] == pytest.approx(values[1], abs=bench.spec.metric.tolerance)


@EVERY_SOLUTION
def test_a_solution_scores_within_the_range(
    bench: Bench, solution: str, made: Made, tmp_path: Path
) -> None:
    low, high = bench.spec.metric.range
    assert low <= value_of(bench, made(bench, solution), tmp_path / "score") <= high


@EVERY_SOLUTION
def test_the_order_of_input_rows_does_not_matter(
    bench: Bench, solution: str, made: Made, tmp_path: Path
) -> None:
    folder = bench.solutions()[solution]
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for name, value in bench.inputs().items():
        write(bench, name, _shuffled(value), mixed, type_id=bench.spec.inputs[name])
    other = run_solution(bench, folder, mixed, tmp_path / "other")
    one, two = (value_of(bench, o, tmp_path / "score") for o in (made(bench, solution), other))
    assert one == pytest.approx(two, abs=bench.spec.metric.tolerance)


@EVERY_STEP
def test_the_baseline_scores_what_is_written_down(bench: Bench, made: Made, tmp_path: Path) -> None:
    # expected.json is written by the challenge's own script, from the same synthetic example
    expected = bench.expected
    assert expected.get("seed", 0) == 0
    value = value_of(bench, made(bench, "baseline"), tmp_path / "score")
    assert value == pytest.approx(expected["value"], abs=expected["tolerance"])


@EVERY_STEP
def test_oracle_is_no_worse_than_baseline_and_baseline_no_worse_than_chance(
    bench: Bench, made: Made, tmp_path: Path
) -> None:
    names = ("@oracle", "baseline", "@chance")
    oracle, baseline, chance = (
        value_of(bench, made(bench, name), tmp_path / "score") for name in names
    )
    assert at_least_as_good(bench, oracle, baseline), (oracle, baseline)
    assert at_least_as_good(bench, baseline, chance), (baseline, chance)


@EVERY_SOLUTION
def test_no_solution_beats_the_oracle(
    bench: Bench, solution: str, made: Made, tmp_path: Path
) -> None:
    best, found = (
        value_of(bench, made(bench, name), tmp_path / "score") for name in ("@oracle", solution)
    )
    assert at_least_as_good(bench, best, found)


@EVERY_STEP
def test_the_order_of_predicted_rows_does_not_matter(bench: Bench, tmp_path: Path) -> None:
    outputs = run_control(bench, "chance", tmp_path / "out")
    before = judge(bench, outputs, tmp_path / "score")["values"]
    port, value = _prediction(bench, outputs)
    write(bench, port, _shuffled(value), outputs, type_id=bench.spec.outputs[port])
    after = judge(bench, outputs, tmp_path / "score")["values"]
    assert after == pytest.approx(before, abs=bench.spec.metric.tolerance)


@EVERY_STEP
@pytest.mark.parametrize("fault", ["not a number", "column missing", "row missing", "row twice"])
def test_a_spoiled_prediction_never_gets_a_score(bench: Bench, fault: str, tmp_path: Path) -> None:
    outputs = run_control(bench, "chance", tmp_path / "out")
    port, value = _prediction(bench, outputs)
    spoiled = _spoil(bench, value, fault)
    path = _path(bench, outputs, port)
    if isinstance(spoiled, pd.DataFrame):
        spoiled.to_parquet(path, index=False)  # as an executable might write it: unchecked
    else:
        np.save(path, spoiled)
    with pytest.raises(CooptError):
        judge(bench, outputs, tmp_path / "score")


def _path(bench: Bench, outputs: Path, port: str) -> Path:
    return next(p for p in outputs.iterdir() if p.name.split(".")[0] == port)


def _prediction(bench: Bench, outputs: Path) -> tuple[str, Any]:
    port = bench.spec.metric.prediction
    path = _path(bench, outputs, port)
    if path.suffix == ".parquet":
        return port, pd.read_parquet(path)
    if path.suffix == ".npy":
        return port, np.load(path)
    pytest.skip("only tables and arrays have rows")


def _spoil(bench: Bench, value: Any, fault: str) -> Any:
    if isinstance(value, np.ndarray):
        return _spoil_array(value, fault)
    columns = [c for c in value.columns if value[c].dtype.kind == "f"]
    match fault:
        case "not a number":
            if not columns:
                pytest.skip("the prediction has no column of real numbers")
            value.loc[0, columns[-1]] = np.nan
            return value
        case "column missing":
            return value.drop(columns=value.columns[-1])
        case "row missing":
            if bench.spec.metric.join == "whole":
                pytest.skip("whether every row is needed is the metric's own rule")
            return value[:0]
        case _:
            return pd.concat([value, value[:1]], ignore_index=True)


def _spoil_array(value: np.ndarray[Any, Any], fault: str) -> Any:
    match fault:
        case "not a number":
            if value.dtype.kind != "f":
                pytest.skip("the prediction holds no real numbers")
            flat = value.copy()
            flat.flat[0] = np.nan
            return flat
        case "column missing":
            return value[..., None]
        case "row missing":
            return value[:-1]
        case _:
            return np.concatenate([value, value[:1]])

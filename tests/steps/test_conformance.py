"""What every step of every challenge promises, checked on its own example."""

from __future__ import annotations

import hashlib
import time
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
LARGEST_EXAMPLE_BYTES = 50_000
SLOWEST_S = 10.0


def _bytes_of(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _shuffled(value: Any, *, seed: int = 1) -> Any:
    if not isinstance(value, pd.DataFrame):
        return value
    return value.sample(frac=1.0, random_state=seed).reset_index(drop=True)


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
    bench: Bench, solution: str, tmp_path: Path
) -> None:
    folder, inputs = bench.solutions()[solution], bench.example / "inputs"
    start = time.monotonic()
    once = run_solution(bench, folder, inputs, tmp_path / "once")
    assert time.monotonic() - start < SLOWEST_S
    assert _bytes_of(once) == _bytes_of(run_solution(bench, folder, inputs, tmp_path / "twice"))


@EVERY_SOLUTION
def test_one_thread_and_two_give_the_same_score(
    bench: Bench, solution: str, tmp_path: Path
) -> None:
    folder, inputs, values = bench.solutions()[solution], bench.example / "inputs", []
    for threads in (1, 2):
        outputs = run_solution(bench, folder, inputs, tmp_path / f"out{threads}", threads=threads)
        values.append(value_of(bench, outputs, tmp_path / "score"))
    assert values[0] == pytest.approx(values[1], abs=bench.spec.metric.tolerance)


@EVERY_SOLUTION
def test_a_solution_scores_within_the_range(bench: Bench, solution: str, tmp_path: Path) -> None:
    folder = bench.solutions()[solution]
    outputs = run_solution(bench, folder, bench.example / "inputs", tmp_path / "out")
    low, high = bench.spec.metric.range
    assert low <= value_of(bench, outputs, tmp_path / "score") <= high


@EVERY_SOLUTION
def test_the_order_of_input_rows_does_not_matter(
    bench: Bench, solution: str, tmp_path: Path
) -> None:
    folder = bench.solutions()[solution]
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for name, value in bench.inputs().items():
        write(bench, name, _shuffled(value), mixed, type_id=bench.spec.inputs[name])
    plain = run_solution(bench, folder, bench.example / "inputs", tmp_path / "plain")
    other = run_solution(bench, folder, mixed, tmp_path / "other")
    one, two = (value_of(bench, o, tmp_path / "score") for o in (plain, other))
    assert one == pytest.approx(two, abs=bench.spec.metric.tolerance)


@EVERY_STEP
def test_the_baseline_scores_what_is_written_down(bench: Bench, tmp_path: Path) -> None:
    # expected.json is written by the challenge's own script, from the same synthetic example
    expected = bench.expected
    outputs = run_solution(
        bench,
        bench.solutions()["baseline"],
        bench.example / "inputs",
        tmp_path / "out",
        seed=expected.get("seed", 0),
    )
    value = value_of(bench, outputs, tmp_path / "score")
    assert value == pytest.approx(expected["value"], abs=expected["tolerance"])


@EVERY_STEP
def test_oracle_is_no_worse_than_baseline_and_baseline_no_worse_than_chance(
    bench: Bench, tmp_path: Path
) -> None:
    made = {
        "oracle": run_control(bench, "oracle", tmp_path / "oracle"),
        "baseline": run_solution(
            bench, bench.folder / "baseline", bench.example / "inputs", tmp_path / "baseline"
        ),
        "chance": run_control(bench, "chance", tmp_path / "chance"),
    }
    value = {n: value_of(bench, folder, tmp_path / "score") for n, folder in made.items()}
    assert at_least_as_good(bench, value["oracle"], value["baseline"]), value
    assert at_least_as_good(bench, value["baseline"], value["chance"]), value


@EVERY_SOLUTION
def test_no_solution_beats_the_oracle(bench: Bench, solution: str, tmp_path: Path) -> None:
    oracle = run_control(bench, "oracle", tmp_path / "oracle")
    outputs = run_solution(
        bench, bench.solutions()[solution], bench.example / "inputs", tmp_path / "out"
    )
    best = value_of(bench, oracle, tmp_path / "score")
    assert at_least_as_good(bench, best, value_of(bench, outputs, tmp_path / "score"))


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

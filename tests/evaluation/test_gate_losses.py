"""Losses and pseudo-values in the unit of their metric; a hidden set's power; spent tests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from coopt_dag.credit.decide import Evidence
from coopt_dag.errors import ScoreInvalidError, SpecError
from coopt_dag.evaluation.gate import Pair, is_spent, rule_of
from coopt_dag.evaluation.losses import Parts, in_nano, unit_loss
from coopt_dag.execution.harness import score
from coopt_dag.ledger.entries import Submission
from coopt_dag.ledger.state import LedgerState
from coopt_dag.model.artifact import TableType
from coopt_dag.model.credit import Gate
from coopt_dag.model.metric import Metric

LOSSES = st.lists(st.floats(0, 100).map(lambda x: round(x, 3)), min_size=2, max_size=30)
SMALL = Gate(slots=1, min_clusters=2, min_discordant=1)


def metric(**changes: Any) -> Metric:
    plain = {
        "name": "m", "unit": "1", "range": (0, 1e6), "direction": "minimise",
        "prediction": "p", "truth": "t", "tolerance": 0, "summary": "x",
    }  # fmt: skip
    return Metric.model_validate(plain | changes)


def root_mean(losses: list[float]) -> Parts:
    return Parts((sum(losses) / len(losses)) ** 0.5, tuple(losses))


@given(st.data(), LOSSES)
def test_a_gain_in_the_unit_of_a_root_mean_is_the_difference_of_the_scores(
    data: st.DataObject, before: list[float]
) -> None:
    after = data.draw(st.lists(st.floats(0, 100), min_size=len(before), max_size=len(before)))
    a, b = root_mean(before), root_mean(after)
    unit = unit_loss(a, b, direction="minimise")
    if unit is None or unit in {0.0, 1.0}:  # all 0, or all 1: the mean is its own root
        return
    gain = sum(in_nano(before, unit=unit)) - sum(in_nano(after, unit=unit))
    assert gain / len(before) == pytest.approx((a.value - b.value) * 1e9, rel=1e-6, abs=2)


def test_losses_of_another_length_compare_nothing_and_never_pass() -> None:
    long, short = Parts(2.0, (2.0,) * 9), Parts(1.0, (1.0,) * 8)
    pair = Pair(metric(), rule_of(SMALL, metric()), long, short, None)
    assert not pair.better().passed
    _, whole = pair.not_worse()
    assert isinstance(whole, Evidence)
    assert not whole.passed


def test_losses_in_no_unit_of_the_metric_are_compared_without_margins() -> None:
    before, after = Parts(9.0, (1.0, 2.0, 3.0)), Parts(5.0, (0.0, 0.5, 2.5))
    pair = Pair(metric(min_delta=3), rule_of(SMALL, metric(min_delta=3)), before, after, None)
    # gains 1, 1.5, 0.5: mean 1, s = 0.5, error 0.2887; 1 - 1.645 * 0.2887 = 0.525 > 0
    found = pair.better()
    assert found.passed
    assert found.bound == pytest.approx(0.5252e9, rel=1e-3)


def test_one_loss_a_cluster_stands_for_all_rows_of_it() -> None:
    # Five rows of three volumes; the metric judges volumes: gains 1, 1 and 0, each alone.
    rows = [7, 7, 8, 9, 9]
    before, after = Parts(5 / 3, (2.0, 1.0, 2.0)), Parts(1.0, (1.0, 0.0, 2.0))
    found = Pair(metric(), rule_of(SMALL, metric()), before, after, rows).better()
    assert (found.clusters, found.gain) == (3, 2 * 10**9 // 3)


def test_losses_of_neither_rows_nor_clusters_are_the_owners_mistake() -> None:
    four = Parts(1.0, (1.0,) * 4)
    pair = Pair(metric(), rule_of(SMALL, metric()), four, four, [7, 7, 8, 9, 9])
    with pytest.raises(SpecError, match="4 losses, but truth 't' has 5 rows in 3 clusters"):
        pair.better()


@pytest.mark.parametrize(("direction", "passed"), [("maximise", True), ("minimise", False)])
def test_pseudo_values_are_read_in_the_metrics_direction(direction: str, passed: bool) -> None:
    by = metric(direction=direction, jackknife=3)
    before, after = Parts(0.5, pseudo=(0.4, 0.5, 0.6)), Parts(0.7, pseudo=(0.6, 0.7, 0.85))
    pair = Pair(
        by, rule_of(SMALL.model_copy(update={"min_clusters": 500}), by), before, after, None
    )
    assert pair.better().passed is passed  # min_clusters is the number of groups at most


def test_without_pseudo_values_nothing_passes() -> None:
    by = metric(jackknife=3)
    pair = Pair(by, rule_of(SMALL, by), Parts(2.0, (1.0,)), Parts(1.0, (0.0,)), None)
    assert pair.better().reason == "fewer examples than jackknife groups"


def mean_of_products(truth: Any, guess: Any) -> dict[str, float]:
    return {"m": float((truth["v"] * guess["p"]).mean())}


def test_pseudo_values_by_hand() -> None:
    spec = {"name": "m", "range": [0, 100], "jackknife": 2}
    truth, guess = pd.DataFrame({"v": [1.0, 2.0, 3.0]}), pd.DataFrame({"p": [1.0, 1.0, 2.0]})
    # products 1, 2, 6: mean 3; group 0 holds rows 0 and 2, group 1 row 1
    # without group 0: 2, so 2 * 3 - 2 = 4; without group 1: 3.5, so 2 * 3 - 3.5 = 2.5
    found = score.pseudo_values(spec, mean_of_products, truth, guess, whole=3.0)
    assert found == [4.0, 2.5]


@given(st.integers(2, 7), st.integers(1, 4))
def test_pseudo_values_of_a_mean_average_to_it_when_groups_are_equal(
    groups: int, size: int
) -> None:
    values = [float(k * k % 11) for k in range(groups * size)]
    truth = pd.DataFrame({"v": values})
    guess = pd.DataFrame({"p": [1.0] * len(values)})
    spec = {"name": "m", "range": [0, 100], "jackknife": groups}
    whole = sum(values) / len(values)
    found = score.pseudo_values(spec, mean_of_products, truth, guess, whole=whole)
    assert sum(found) / groups == pytest.approx(whole)


def test_fewer_rows_than_groups_give_no_pseudo_values() -> None:
    spec = {"name": "m", "range": [0, 1], "jackknife": 3}
    two = pd.DataFrame({"v": [0.0, 1.0], "p": [0.0, 1.0]})
    assert score.pseudo_values(spec, mean_of_products, two, two, whole=0.5) == []


def test_a_metric_that_fails_without_a_group_names_it() -> None:
    spec = {"name": "m", "range": [0, 1], "jackknife": 2}
    rows = pd.DataFrame({"v": [9.0, 0.0], "p": [1.0, 1.0]})
    with pytest.raises(ScoreInvalidError, match="without group 1 of 2: m is 9, outside"):
        score.pseudo_values(spec, mean_of_products, rows, rows, whole=1.0)


def order(folder: Path, groups: int) -> dict[str, Any]:
    (folder / "metric.py").write_text(
        "def score(truth, guess):\n    return {'m': float((truth['v'] * guess['p']).mean())}\n"
    )
    columns = {"v": [1.0, 2.0, 3.0], "p": [1.0, 1.0, 2.0]}
    ports = []
    for name, column in (("prediction", "p"), ("truth", "v")):
        rows = pd.DataFrame({"id": pd.array([1, 2, 3], dtype="int64"), column: columns[column]})
        rows.to_parquet(folder / f"{name}.parquet", index=False)
        fields = [("id", "int64"), (column, "float64")]
        type_ = TableType.model_validate(
            {"id": name, "kind": "table", "summary": "A table.", "key": ["id"]}
            | {
                "columns": [
                    {"name": n, "dtype": d, "unit": "1", "description": "A number."}
                    for n, d in fields
                ]
            }
        ).model_dump(mode="json")
        ports.append({"name": name, "type": type_, "path": f"{name}.parquet"})
    spec = metric(jackknife=groups, range=(0, 100)).model_dump(mode="json")
    return {
        "inputs": ports, "metric": spec, "code": "metric.py", "challenge": "c", "label": "m"
    }  # fmt: skip


def test_a_score_node_writes_pseudo_values_beside_the_score(tmp_path: Path) -> None:
    score.run_score(order(tmp_path, 2), tmp_path, tmp_path)
    assert json.loads((tmp_path / "score.json").read_text())["jackknife"] == "jackknife.json"
    assert json.loads((tmp_path / "jackknife.json").read_text()) == [4.0, 2.5]


def test_what_is_no_table_is_refused_with_the_kinds_that_work(tmp_path: Path) -> None:
    with pytest.raises(ScoreInvalidError, match="rows of tables, and this is of kind 'json'"):
        score._refuse_whole_kinds("table", "json")


@pytest.mark.parametrize("changes", [{"jackknife": 1}, {"jackknife": 200, "join": "whole"}])
def test_groups_that_cannot_be_left_out_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="jackknife"):
        metric(**changes)


def test_each_step_and_epoch_has_tests_of_its_own() -> None:
    def entry(number: int, step: str, epoch: int, **more: Any) -> Submission:
        return Submission(number, "c", step, "0x1", "cid", (), 0, epoch=epoch, **more)

    rows = [
        entry(1, "a", 0, is_baseline=True),
        entry(2, "a", 0, status="committed"),  # promised counts: its number never changes
        entry(3, "b", 0),
        entry(4, "a", 0),
        entry(5, "a", 1),
    ]
    state = LedgerState(submissions={s.id: s for s in rows})
    spent = {s.id: is_spent(Gate(slots=1), state, s) for s in rows}
    assert spent == {1: False, 2: False, 3: False, 4: True, 5: False}
    assert not any(is_spent(None, state, s) for s in rows)
    assert is_spent(Gate(slots=1), state, replace(rows[3], status="rejected"))

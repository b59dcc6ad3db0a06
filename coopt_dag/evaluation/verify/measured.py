"""The measured part of a settlement: the value table run again, compared within tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError, ScoreInvalidError
from coopt_dag.evaluation import settle
from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.scores import run_again
from coopt_dag.evaluation.verify.task import plain, settlement_place, tolerance_of
from coopt_dag.model.nano import NANO, to_nano

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.evaluation.case import Case
    from coopt_dag.evaluation.verify.hidden import Data
    from coopt_dag.evaluation.verify.task import Task

_LOOSE = 1000
"""Sums of squares, intervals and gains amplify a last digit: 1 part in 1000 may differ."""


def check_measured(
    task: Task, data: Data, case: Case, table: Mapping[str, Any]
) -> Iterator[Divergence]:
    """Run every configuration of the table again and compare."""
    split = case.challenge.spec.end_to_end.final_split
    if not data.has(split):
        task.lacks("the value table", f"the data of the split '{split}' are not here")
        return
    task.tell("settlement: the value table")
    run_again(task, case.valuation().plan)
    try:
        found = settle.measure(case, cores=task.cores, listener=task.listener)
    except (NodeFailedError, ScoreInvalidError) as error:
        yield _at(task, kinds.CHANGED_SCORE, "values", str(error), "scores of both ends")
        return
    inputs = table["inputs"]
    if found["plan"] != inputs.get("plan"):
        yield _at(task, kinds.CHANGED_TERMS, "plan", found["plan"], inputs.get("plan"))
    yield from _values(task, case, found["values"], inputs["values"])
    yield from _gains(task, case, found, inputs)
    if found["test"] != inputs["test"]:
        yield _at(task, kinds.CHANGED_TERMS, "test", found["test"], inputs["test"])
    yield from _counts(task, found["total"], inputs["total"])
    for name in ("total", "squares"):
        yield from _loose(task, f"total.{name}", found["total"][name], inputs["total"][name], case)
    if found["intervals"].keys() != inputs["intervals"].keys():
        yield _at(
            *(task, kinds.CHANGED_SCORE, "intervals"),
            *(sorted(found["intervals"]), sorted(inputs["intervals"])),
        )
    for one, (low, high) in sorted(found["intervals"].items()):
        told = inputs["intervals"][one]
        yield from _loose(task, f"intervals.{one}.0", low, told[0], case)
        yield from _loose(task, f"intervals.{one}.1", high, told[1], case)


def _at(task: Task, kind: str, place: str, expected: Any, found: Any) -> Divergence:
    return Divergence(
        *(kind, f"{settlement_place(task)}, {place}", plain(expected), plain(found)),
        "the table tells another value than the runs give",
        is_of_settlement=True,
    )


def _counts(
    task: Task, expected: Mapping[str, int], found: Mapping[str, int]
) -> Iterator[Divergence]:
    """Compare numbers of examples, on which the test of the whole rests: these are no scores."""
    n = expected["clusters"]
    if found["clusters"] != n or abs(found["discordant"] - expected["discordant"]) * 200 > n:
        yield _at(task, kinds.CHANGED_SCORE, "total", dict(expected), dict(found))


def _values(
    task: Task, case: Case, expected: list[dict[str, Any]], found: list[dict[str, Any]]
) -> Iterator[Divergence]:
    most = to_nano(tolerance_of(case.challenge.spec.end_to_end.metric))
    told = {tuple(row["levels"]): row for row in found}
    for row in expected:
        levels = tuple(row["levels"])
        place, other = f"score of configuration {list(levels)}", told.get(levels)
        if other is None or bool(row.get("failed")) != bool(other.get("failed")):
            yield _at(task, kinds.CHANGED_SCORE, place, row, other)
            continue
        if abs(row["score"] - other["score"]) > most:
            yield _at(task, kinds.CHANGED_SCORE, place, row["score"], other["score"])
        task.counts.compared(row["score"] * NANO, other["score"] * NANO)
    # What is computed from the table reads all of it: rows that were not asked for move money.
    lists = [[list(row["levels"]) for row in rows] for rows in (expected, found)]
    if lists[0] != lists[1]:
        yield _at(task, kinds.CHANGED_SCORE, "configurations", *lists)


def _gains(
    task: Task, case: Case, expected: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[Divergence]:
    told = {work["id"]: work["gain"] for work in found["works"]}
    for work in expected["works"]:
        place = f"gain of submission {int(work['id'])}"
        yield from _loose(task, place, work["gain"], told[work["id"]], case)


def _loose(task: Task, place: str, expected: int, found: int, case: Case) -> Iterator[Divergence]:
    least = to_nano(tolerance_of(case.challenge.spec.end_to_end.metric))
    if abs(expected - found) > max(least, abs(expected) // _LOOSE):
        yield _at(task, kinds.CHANGED_SCORE, place, expected, found)

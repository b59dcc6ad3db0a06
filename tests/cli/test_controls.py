"""Controls in a pipeline: the order of what a step has, and the data of one step alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coopt_dag.report.ordering import CHANCE, ORACLE
from tests.cli.conftest import Desk

NUMBERS = [2, 4, 6]


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    """The public split holds the numbers 1, 2 and 3: their doubles sum to 12."""
    return Desk(tmp_path)


def test_each_step_is_tried_from_chance_to_its_oracle(here: Desk) -> None:
    found = here.json("challenge", "controls", "tiny")
    assert found["disorder"] == []
    tried = [(row["step"], row["solution"]) for row in found["rows"]]
    assert tried == [
        *(("double", name) for name in (CHANCE, "baseline", "twice", ORACLE)),
        *(("add", name) for name in (CHANCE, "baseline", "all_of_them", ORACLE)),
    ]
    scores = dict(zip(tried, found["rows"], strict=True))
    # The baseline hands the numbers on as they are: off by 1, 2 and 3, 2 on average; then the
    # baseline of `add` gives the first of them, 1, which is 11 from 12.
    assert scores["double", "baseline"]["score"] == 2.0
    assert scores["double", "baseline"]["end_to_end"] == 11.0
    assert scores["double", ORACLE]["score"] == 0.0
    assert scores["add", ORACLE]["end_to_end"] == 0.0


def test_alone_means_oracles_before_the_step(here: Desk) -> None:
    found = here.json("challenge", "controls", "tiny", "--alone", "--step", "add")
    scores = {row["solution"]: row["score"] for row in found["rows"]}
    assert list(scores) == [CHANCE, "baseline", "all_of_them", ORACLE]
    assert (scores["all_of_them"], scores["baseline"]) == (0.0, 10.0)  # of 2, 4, 6: all, the first


def test_an_oracle_that_is_beaten_is_named_and_the_exit_code_tells(here: Desk) -> None:
    oracle = here.root / "steps/tiny/double/controls/oracle.py"
    oracle.write_text(
        "def control(inputs, truths, *, rng):\n"
        "    return {'doubled': {'values': [v + 0.5 for v in truths['doubled']['values']]}}\n"
    )
    said = here("challenge", "controls", "tiny", "--step", "double", code=1)
    assert "double: twice (0) is better than @oracle (0.5)" in said.stderr
    assert "in order" not in said.stdout


def test_the_data_of_a_step_alone_are_what_the_truth_makes_of_those_before(here: Desk) -> None:
    here("data", "step", "tiny/add", "alone")
    made = here.root / "alone"
    assert json.loads((made / "inputs/numbers.json").read_text())["values"] == NUMBERS
    assert json.loads((made / "truths/total.json").read_text()) == {"value": sum(NUMBERS)}
    here("data", "step", "tiny/add", "plain", "--baselines")
    plain = json.loads((here.root / "plain/inputs/numbers.json").read_text())
    assert plain["values"] == [1, 2, 3]


def test_a_folder_that_is_there_is_left_as_it_is(here: Desk) -> None:
    (here.root / "mine").mkdir()
    (here.root / "mine/notes").write_text("keep")
    said = here("data", "step", "tiny/add", "mine", code=2)
    assert "is there already" in said.stderr
    assert [p.name for p in (here.root / "mine").iterdir()] == ["notes"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("data", "step", "tiny/ad", "x"), "did you mean 'add'"),
        (("challenge", "controls", "tiny", "--split", "quizz"), "did you mean 'quiz'"),
        (("run", "tiny", "--with", "double=@orakel"), "did you mean '@oracle'"),
    ],
)
def test_an_unknown_name_gets_a_near_one(here: Desk, words: tuple[str, ...], message: str) -> None:
    assert message in here(*words, code=4).stderr


def test_a_place_without_a_step_is_refused(here: Desk) -> None:
    assert "CHALLENGE/STEP" in here("data", "step", "tiny", "x", code=2).stderr


def test_a_control_stands_in_a_run_like_a_solution(here: Desk) -> None:
    found = here.json("run", "tiny", "--with", "double=@oracle", "--with", "add=all_of_them")
    assert found["document"]["pipelines"][0]["selection"] == {
        "double": "@oracle",
        "add": "all_of_them",
    }

"""The waterfall: begins at the first score, ends at the final one, says what earned nothing."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from coopt_dag.credit.pot import Terms
from coopt_dag.errors import IntegrityError
from coopt_dag.report.ladder import ladder
from coopt_dag.report.waterfall import WIDTH, bars, waterfall
from coopt_dag.report.waterfall_svg import waterfall_svg
from tests.report.made import NANO, inputs_of, name_of, random_tables, table_of, work

MILLI = NANO // 1000
MANY = settings(max_examples=200, deadline=None, database=None)


def up_down() -> dict[str, Any]:
    """Give one step at 0, 50, 20, 90, 80 thousandths below an rmse of 1."""
    names = [f"{n:08d}" for n in (1, 2, 3, 4)]
    people = ("ann", "bob", "cy", "dan")
    works = [work(n, p, "bias") for n, p in zip(names, people, strict=True)]
    scores = {(n,): h * MILLI - NANO for n, h in enumerate((0, 50, 20, 90, 80))}
    terms = Terms(budget=10_000, target=80 * MILLI)
    return table_of(inputs_of({"bias": names}, scores, works, terms=terms))


def test_the_waterfall_is_drawn_to_scale_and_marks_what_earned_nothing() -> None:
    # the way from 0 to 90 takes 40 cells: 50 are 22, 20 are 9, 80 are 36
    assert waterfall(up_down(), name_of).split("\n") == [
        "before        1.00000  │",
        "bias #1 ann  -0.05000  " + "█" * 22,
        "bias #2 bob  +0.03000  " + " " * 9 + "▒" * 13 + "  worse",
        "bias #3 cy   -0.07000  " + " " * 9 + "▓" * 31 + "  partly overtaken",
        "bias #4 dan  +0.01000  " + " " * 36 + "▒" * 4 + "  worse",
        "final         0.92000  " + " " * 36 + "│",
    ]


def test_a_ladder_goes_by_submissions_but_keeps_each_steps_order_of_records() -> None:
    # of step a, #5 was judged before #2: records are in that order, and so is the ladder
    chains = {"a": ["00000005", "00000002"], "b": ["00000003"]}
    works = [work(one, "ann", step) for step, chain in chains.items() for one in chain]
    scores = {(i, j): (i + j) * MILLI for i in range(3) for j in range(2)}
    table = table_of(inputs_of(chains, scores, works, terms=Terms(budget=1, target=1)))
    assert [int(rung.work) for rung in ladder(table)] == [3, 5, 2]


def test_gains_that_do_not_reach_the_final_score_are_refused() -> None:
    table = deepcopy(up_down())
    table["result"]["rows"][0]["raw"] += 1
    with pytest.raises(IntegrityError, match="do not sum to the final score"):
        waterfall(table, name_of)


def test_the_picture_is_whole_the_same_each_time_and_safe() -> None:
    table = up_down()
    table["inputs"]["metric"]["unit"] = "<script>"
    drawn = waterfall_svg(table, name_of)
    assert drawn == waterfall_svg(deepcopy(table), name_of)
    texts = [x.text for x in ET.fromstring(drawn).iter() if x.tag.endswith("text")]
    assert "bias #3 cy" in texts
    assert "worse" in texts
    assert "toy, epoch 1: rmse in <script>" in texts
    assert "href" not in drawn


def test_an_epoch_without_versions_has_a_waterfall_of_two_ends() -> None:
    table = table_of(inputs_of({"a": []}, {(0,): 5}, [], terms=Terms(budget=1, target=1)))
    assert waterfall(table, name_of).count("\n") == 1
    assert waterfall_svg(table, name_of).endswith("</svg>\n")


@MANY
@given(random_tables())
def test_each_bar_begins_where_the_last_ended_and_the_last_ends_at_the_final_score(
    table: dict[str, Any],
) -> None:
    found = bars(table, name_of)
    assert all(a.end == b.start for a, b in pairwise(found))
    by_levels = {tuple(v["levels"]): v["score"] for v in table["inputs"]["values"]}
    scale = table["result"]["scale"]
    assert found[0].start == by_levels[min(by_levels)] * scale
    assert found[-1].end == by_levels[max(by_levels)] * scale
    text = waterfall(table, name_of).split("\n")
    assert len(text) == len(found)
    assert max(map(len, text)) < WIDTH + 70
    ET.fromstring(waterfall_svg(table, name_of))

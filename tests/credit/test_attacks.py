"""The attack laboratory: what it promises holds in small, and its page is what it would write."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.attacks import page, splitting, weight_copying
from benchmarks.attacks.figure import svg
from benchmarks.attacks.judging import HEAD, JUDGINGS
from benchmarks.attacks.laboratory import (
    BY_EVALUATORS,
    NOTHING,
    ON_BOARDS,
    SEEDS,
    SUBMISSIONS,
    Results,
    Series,
    broken,
    dice,
    measure,
)
from benchmarks.attacks.limits import LIMITS
from benchmarks.attacks.rules import RULES, Entry, Ladder, Ours
from benchmarks.attacks.visit import HONEST, hand_in, scene
from benchmarks.attacks.world import SIZE, Coins
from coopt_dag.model.nano import NANO

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
FIGURE = (ROOT / "docs" / "pictures" / "attacks.svg").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def small() -> Results:
    return measure(submissions=60, seeds=2, challenges=150, workers=2)


def test_nothing_that_was_promised_is_broken(small: Results) -> None:
    assert broken(small) == []


@pytest.mark.parametrize("name", NOTHING)
def test_what_adds_nothing_is_paid_nothing_in_every_game(small: Results, name: str) -> None:
    assert small.attacks[name, "ours"].paid == (0, 0)


def test_the_naive_board_pays_for_what_we_do_not(small: Results) -> None:
    for name in {*ON_BOARDS, *BY_EVALUATORS} - {"splitting"}:
        assert small.attacks[name, "naive board"].mean_paid > 0, name


def test_a_majority_of_evaluators_that_colludes_is_paid_and_a_minority_is_not(
    small: Results,
) -> None:
    paid = [small.liars[str(k), "ours"].mean_paid for k in range(6)]
    # a lie is 0.05, and counts whole as soon as the lower median of five is a liar's
    assert paid == [0, 0, 0, 0.05, 0.05, 0.05]


def test_the_same_arguments_give_the_same_bytes(small: Results) -> None:
    again = measure(submissions=60, seeds=2, challenges=150, workers=1)
    assert page.tables(again) == page.tables(small)
    assert svg(again) == svg(small)


def test_a_broken_promise_is_named(small: Results) -> None:
    paid = {**small.attacks, ("copycat", "ours"): Series((0, 0), (0, NANO))}
    bad = replace(small, attacks=paid, split_moves=2, coverage=(0.5, 0.5, 0.5))
    assert broken(bad) == [
        "copycat is paid",
        "copycat is paid something",
        "splitting changes a payment by more than a unit",
        "the intervals' coverage is not 93 to 97 %",
    ]


def test_honest_work_is_adopted_and_paid() -> None:
    for seed in range(4):
        world, entries = scene(dice("honest", seed))
        rule = Ours(world)
        hand_in(rule, entries)
        paid = rule.paid()
        assert set(paid) == set(HONEST)
        # the pot of these terms is the sealed gain
        right = [world.right(versions)[SIZE:].sum() for versions in (world.baseline, rule.heads)]
        assert sum(paid.values()) == (right[1] - right[0]) * NANO // SIZE


def test_what_comes_after_the_last_slot_is_not_judged() -> None:
    labels = np.ones(2 * SIZE)
    rule = Ours(Coins((np.zeros(2 * SIZE),), labels), slots=1)
    assert not rule.hand_in(Entry("ann", np.zeros(2 * SIZE))).accepted
    assert not rule.hand_in(Entry("bob", labels)).accepted
    rule.renew_slots()
    assert rule.hand_in(Entry("bob", labels)).accepted
    assert rule.paid() == {"bob": NANO}


@pytest.mark.parametrize(
    ("better", "worse", "accepted"),
    # net^2 against the number that differs: 1 = 1, 4 > 2, 9 = 9, 16 > 10
    [(1, 0, False), (2, 0, True), (6, 3, False), (7, 3, True), (0, 2, False)],
)
def test_the_ladder_asks_for_more_than_a_standard_error(
    better: int, worse: int, accepted: bool
) -> None:
    labels = np.ones(2 * SIZE)
    old, new = labels.copy(), labels.copy()
    old[:better] = 0
    new[better : better + worse] = 0
    rule = Ladder(Coins((old,), labels))
    assert rule.hand_in(Entry("eve", new)).accepted is accepted
    # by its definition, in floats, where the two sides are not equal
    d = (new[:SIZE] == 1).astype(float) - (old[:SIZE] == 1)
    if (better - worse) ** 2 != better + worse:
        assert bool(d.mean() > d.std(ddof=1) / SIZE**0.5) is accepted


def test_pieces_move_nobody_by_more_than_a_unit_when_all_are_adopted() -> None:
    moves = [splitting.moved(RULES["settlement alone"], dice("x", s), 9) for s in range(20)]
    assert max(moves) <= 1


def test_a_copied_commitment_cannot_be_opened() -> None:
    assert not weight_copying.opens(7)


def test_a_copier_that_sees_scores_always_agrees_and_one_that_does_not_seldom() -> None:
    rates = {r: weight_copying.agreeing(j, dice("a", 0), 1000) for r, j in JUDGINGS.items()}
    assert rates["naive board"] == 1
    # one work in twenty does not change the score: 50 of 1,000, give or take three times 7
    assert 0.029 <= rates["ours"] <= 0.071
    assert HEAD > 0


@pytest.mark.parametrize("name", ["attacks", "liars", "limits", "checks"])
def test_the_committed_tables_have_the_names_that_the_code_writes(
    small: Results, name: str
) -> None:
    committed, fresh = (_cells(t) for t in (page.written(PAGE, name), page.tables(small)[name]))
    assert committed[0] == fresh[0]
    if name != "checks":
        assert [row[0] for row in committed] == [row[0] for row in fresh]
    for row, other in zip(committed, fresh, strict=True):
        assert len(row) == len(other)


def test_the_committed_table_is_of_the_full_size_and_in_the_form_of_our_amounts() -> None:
    text = page.written(PAGE, "attacks")
    assert f"Mean of {SEEDS} games of {SUBMISSIONS} submissions" in text
    for row in _cells(text)[2:]:
        assert all(re.fullmatch(r"-|0|1e-9 at most|-?\.\d{4}", cell) for cell in row[1:]), row
    ours = {row[0]: row[4] for row in _cells(text)[2:]}
    assert {ours[name] for name in NOTHING} == {"0"}
    assert all(cell == "0" or float(cell) <= 0.001 for cell in ours.values())


def test_the_committed_figure_shows_every_attack_and_every_limit_has_its_paragraph() -> None:
    for name in (*ON_BOARDS, *BY_EVALUATORS):
        assert f">{name}</text>" in FIGURE
    assert len(LIMITS) == len(_cells(page.written(PAGE, "limits"))) - 2


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="one marker"):
        page.rewritten("# no markers\n", {"attacks": "x\n"})


def test_only_what_is_between_markers_is_written() -> None:
    blocks = {name: page.written(PAGE, name) for name in ("attacks", "liars", "limits", "checks")}
    assert page.rewritten(PAGE, blocks) == PAGE
    changed = page.rewritten(PAGE, {"liars": "new\n"})
    assert page.written(changed, "liars") == "new\n"
    assert page.written(changed, "limits") == blocks["limits"]


def _cells(table: str) -> list[list[str]]:
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

"""`coopt challenge power` as a user calls it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Desk


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_power_with_supposed_examples_is_the_specified_figure(here: Desk) -> None:
    found = here.json("challenge", "power", "tiny", "--examples", "2000")
    gains = {(r["slots"], r["differ_nano"]): r["gain_nano"] for r in found["rows"]}
    # (z(1 - 0.05 / 100) + z(0.8)) * sqrt(0.05 / 2000) = 4.1321 * 0.005 = 0.02066; tolerance 1e-9
    assert gains[100, 50_000_000] == pytest.approx(20_660_700, rel=1e-4)
    assert gains[1, 50_000_000] < gains[10, 50_000_000] < gains[100, 50_000_000]
    assert (found["has_gate"], found["split"]) == (False, "quiz")


def test_power_as_text_warns_of_a_missing_gate_and_of_too_few(here: Desk) -> None:
    said = here("challenge", "power", "tiny", "--examples", "400")
    assert "T=100" in said.stdout
    assert "####" in said.stdout
    assert "has no `gate`" in said.stderr
    assert "nothing is adopted at all" in said.stderr


def test_the_drawing_is_the_same_bytes_each_time(here: Desk) -> None:
    for name in ("a.svg", "b.svg"):
        here("challenge", "power", "tiny", "--examples", "2000", "--svg", name)
    first = (here.root / "a.svg").read_text()
    assert first == (here.root / "b.svg").read_text()
    assert len(ET.fromstring(first).findall("{*}polyline")) == 3


def test_truths_that_nobody_can_count_ask_for_a_number(here: Desk) -> None:
    assert "--examples N" in here.complaint("challenge", "power", "tiny", code=7)


def test_a_baseline_that_ran_tells_how_much_losses_vary(here: Desk) -> None:
    here("run", "tiny", "--split", "quiz")
    found = here.json("challenge", "power", "tiny")
    row = found["rows"][0]
    # the baseline's losses are 4, 5, 6, 7: mean 5.5, variance 5 / 3
    assert (row["score"], row["examples"], row["clusters"]) == ("double", 4, 4)
    assert row["variance_nano"] == pytest.approx(5e9 / 3, rel=1e-6)
    assert {r["score"] for r in found["rows"]} == {"double"}  # `add` has no losses


def test_lint_notes_a_missing_gate_and_finds_no_problem(here: Desk) -> None:
    said = here("lint")
    assert said.stdout == "no problems\n"
    assert "steps/tiny/challenge.yaml has no `gate`" in said.stderr
    with (here.root / "steps/tiny/challenge.yaml").open("a") as file:
        file.write("gate: {slots: 20}\n")
    assert "one contributor (`slots: 100`) can use up all tests" in here("lint").stderr
    with (here.root / "steps/tiny/challenge.yaml").open("a") as file:
        file.write("slots: 5\n")
    assert here("lint").stderr == ""

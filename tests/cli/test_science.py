"""`coopt challenge validate` and `plots`, and `coopt lint`, as a user calls them."""

from __future__ import annotations

from pathlib import Path

import pytest

from coopt_dag.execution.environments import cache_folder, ensure, environment_id
from coopt_dag.report.readme import render
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.tree import file_sha256
from coopt_dag.specs.workspace import find_workspace
from tests.cli.conftest import Desk

SPEC = """validation:
  checks:
    - id: half
      value: middle
      unit: mm
      at_least: 0.25
      at_most: 0.75
      summary: The middle of the drawn numbers.
      reference: Feller (1968), I.5
    - {id: small, value: least, unit: mm, at_most: 0.5, summary: The least., reference: None.}
plots:
  pictures:
    - {id: bars, caption: The numbers as bars.}
"""
MEASURE = "def measure(*, rng):\n    return {'middle': 0.5, 'least': 0.125}\n"
PLOT = """def plot(inputs, truths, out, *, rng):
    (out / "bars.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
"""


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    """Give a desk whose challenge is measured and drawn, in an environment that is there."""
    desk = Desk(tmp_path)
    desk.env["COOPT_CACHE"] = str(cache_folder())  # that of all tests: the cage is tested once
    steps = desk.root / "steps/tiny"
    lock = steps / "environment.lock"
    ensure(environment_id(file_sha256(lock)), lock)
    (steps / "challenge.yaml").write_text((steps / "challenge.yaml").read_text() + SPEC)
    (steps / "validation.py").write_text(MEASURE)
    (steps / "plots.py").write_text(PLOT)
    return desk


def break_it(desk: Desk) -> str:
    """Let one value leave its band; give the place of its check."""
    (desk.root / "steps/tiny/validation.py").write_text(MEASURE.replace("0.5", "0.875"))
    lines = (desk.root / "steps/tiny/challenge.yaml").read_text().splitlines()
    return f"steps/tiny/challenge.yaml:{lines.index('    - id: half') + 1}: "


def test_the_table_has_value_band_unit_and_reference_of_each_check(here: Desk) -> None:
    said = here("challenge", "validate", "tiny")
    head, half, small = said.stdout.splitlines()
    assert head.split() == ["check", "measured", "band", "unit", "ok", "reference"]
    words = ["half", "0.5", "0.25", "to", "0.75", "mm", "yes", "Feller", "(1968),", "I.5"]
    assert half.split() == words
    assert small.split()[:5] == ["small", "0.125", "<=", "0.5", "mm"]
    assert "measuring the simulator with validation.py" in said.stderr
    assert "measuring" not in here("challenge", "validate", "tiny").stderr


def test_programs_read_the_same(here: Desk) -> None:
    found = here.json("challenge", "validate", "tiny")
    assert found["values"] == {"least": 0.125, "middle": 0.5}
    assert [(c["check"], c["measured"], c["ok"]) for c in found["checks"]] == [
        ("half", 0.5, True),
        ("small", 0.125, True),
    ]


def test_a_value_out_of_its_band_fails_both_commands_at_the_check(here: Desk) -> None:
    place = break_it(here)
    said = f"{place}half is out of its band: middle = 0.875 mm, expected 0.25 to 0.75 (Feller"
    assert said in here("challenge", "validate", "tiny", code=3).stderr
    assert said in here("lint", code=3).stderr
    (error,) = here.json("lint", "steps/tiny", code=3)["errors"]
    assert error["field"] == "validation.checks[0]"


def test_a_value_that_nobody_measured_is_named(here: Desk) -> None:
    spec = here.root / "steps/tiny/challenge.yaml"
    spec.write_text(spec.read_text().replace("value: middle", "value: midle"))
    said = here.complaint("lint", code=3)
    assert "half is about 'midle', which was not measured." in said
    assert "did you mean 'middle'?" in said


def test_lint_measures_a_whole_challenge_and_only_once(here: Desk) -> None:
    for part in ("steps/tiny/double", "steps/tiny/double/step.yaml", "coopt.toml"):
        assert "measuring" not in here("lint", part).stderr
    assert "measuring" in here("lint", "steps/tiny/challenge.yaml").stderr
    for part in (".", "steps", "steps/tiny"):
        assert "measuring" not in here("lint", part).stderr


def test_lint_can_leave_it_out(here: Desk) -> None:
    break_it(here)
    here("lint", "--no-validation")


def test_what_is_broken_already_is_not_measured(here: Desk) -> None:
    spec = here.root / "steps/tiny/challenge.yaml"
    spec.write_text(spec.read_text().replace("seed: 7", "seed: -7"))
    assert "measuring" not in here("lint", code=3).stderr


def test_code_that_fails_is_a_complaint_at_its_name(here: Desk) -> None:
    (here.root / "steps/tiny/validation.py").write_text("def measure(*, rng):\n    1 / 0\n")
    said = here("lint", code=3).stderr
    assert "validation failed: measure: validation.py:2: ZeroDivisionError" in said
    here("challenge", "validate", "tiny", code=5)


def test_a_machine_without_the_environment_says_what_was_not_checked(here: Desk) -> None:
    here.env["COOPT_CACHE"] = str(here.root.parent / "cache")
    said = here("lint")
    assert "no problems" in said.stdout
    assert "validation was not run, for its environment is not built here" in said.stderr


def test_a_machine_without_a_cage_says_what_was_not_checked(here: Desk) -> None:
    here.env["COOPT_BWRAP"] = str(here.root / "nothing")
    said = here("lint")
    assert "no problems" in said.stdout
    assert "validation was not run: " in said.stderr
    here("challenge", "validate", "tiny", "--i-trust-this-code")


def test_pictures_are_drawn_then_checked_byte_for_byte(here: Desk) -> None:
    assert "its pictures are not drawn (pictures/bars.svg)" in here("lint").stderr
    said = here("challenge", "plots", "tiny", "--check", code=6)
    assert said.stdout.split() == ["missing", "41", "bytes", "pictures/bars.svg"]
    assert not (here.root / "steps/tiny/pictures").exists()
    assert here("challenge", "plots", "tiny").stdout.startswith("written")
    assert "not drawn" not in here("lint").stderr
    assert here("challenge", "plots", "tiny", "--check").stdout.startswith("same")
    picture = here.root / "steps/tiny/pictures/bars.svg"
    picture.write_text(picture.read_text() + "\n")
    assert here("challenge", "plots", "tiny", "--check", code=6).stdout.startswith("other")
    assert here.json("challenge", "plots", "tiny")["written"] == 1


def test_a_committed_picture_with_a_script_is_a_complaint(here: Desk) -> None:
    here("challenge", "plots", "tiny")
    picture = here.root / "steps/tiny/pictures/bars.svg"
    picture.write_text(picture.read_text().replace("/>", "><script/></svg>"))
    assert "pictures/bars.svg has on line 1: the element 'script'" in here("lint", code=3).stderr


def test_the_readme_shows_pictures_with_captions_and_the_checks(here: Desk) -> None:
    text = render(load_challenge(find_workspace(here.root), "tiny"))
    assert "![bars](pictures/bars.svg)\n\nThe numbers as bars." in text
    assert "| `half` | The middle of the drawn numbers. | 0.25 to 0.75 | mm | Feller" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: small", "id: half", "validation.checks[1].id repeats 'half'."),
        ("  checks:", "  code: measure.py\n  checks:", "validation.code is 'measure.py', but"),
        ("  checks:", "  code: double/metric.py\n  checks:", "which is no Python file beside"),
        ("at_most: 0.5, summary", "summary", "needs at_most or at_least"),
        ("reference: None.", "reference: ''", "reference"),
        ("  pictures:", "  split: quiz\n  pictures:", "plots.split is 'quiz', which is no public"),
        (
            "{id: bars, caption: The numbers as bars.}",
            "{id: bars, form: gif, caption: The numbers.}",
            "form",
        ),
        (
            "    - {id: bars, caption: The numbers as bars.}",
            "    - {id: bars, caption: One.}\n    - {id: bars, form: png, caption: Two.}",
            "plots.pictures[1].id repeats 'bars'.",
        ),
    ],
)
def test_lint_names_the_line_of_what_does_not_fit(
    here: Desk, old: str, new: str, said: str
) -> None:
    spec = here.root / "steps/tiny/challenge.yaml"
    text = spec.read_text()
    assert text.count(old) == 1
    spec.write_text(text.replace(old, new))
    found = here.complaint("lint", code=3)
    assert said in found
    assert "steps/tiny/challenge.yaml:" in found

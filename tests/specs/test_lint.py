from __future__ import annotations

import shutil

import pytest

from coopt_dag.errors import UsageError
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.lint import lint


@pytest.fixture
def two_flaws(tiny):
    """The valid workspace with one flaw in step `add` and one in a solution of `double`."""
    _replace(tiny.steps_dir / "tiny/add/step.yaml", "version: 1", "version: 0")
    _replace(
        tiny.steps_dir / "tiny/double/solutions/twice/solution.yaml", "id: twice", "id: thrice"
    )
    return tiny


def _replace(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def places(path):
    return [f"{e.path}:{e.line}" for e in lint(path)]


ADD = "steps/tiny/add/step.yaml:4"
TWICE = "steps/tiny/double/solutions/twice/solution.yaml:3"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (".", [ADD, TWICE]),
        ("steps", [ADD, TWICE]),
        ("steps/tiny", [ADD, TWICE]),
        ("steps/tiny/add", [ADD]),
        ("steps/tiny/add/step.yaml", [ADD]),
        ("steps/tiny/add/baseline", []),
        ("steps/tiny/double", [TWICE]),
        ("steps/tiny/double/step.yaml", []),
        ("steps/tiny/double/solutions/twice", [TWICE]),
        ("steps/tiny/double/solutions/twice/solution.yaml", [TWICE]),
        ("steps/tiny/challenge.yaml", []),
        ("coopt.toml", []),
    ],
)
def test_only_what_lies_below_the_path_is_complained_about(two_flaws, part, expected):
    assert places(two_flaws.root / part) == expected


@pytest.mark.parametrize("here", [".", "steps/tiny/add", "steps/tiny/double/solutions/twice"])
def test_the_current_folder_does_not_change_what_is_found(two_flaws, here, monkeypatch):
    monkeypatch.chdir(two_flaws.root / here)
    assert len(lint(two_flaws.root)) == 2
    assert len(lint(two_flaws.steps_dir / "tiny" / "add")) == 1
    assert len(lint(two_flaws.steps_dir / "tiny" / "double")) == 1


def test_a_valid_workspace_has_no_complaints(tiny):
    assert lint(tiny.root) == []


def test_absent_data_are_no_complaint(tiny):
    shutil.rmtree(tiny.data_dir)
    assert lint(tiny.root) == []


def test_a_solution_far_from_any_workspace_is_linted(two_flaws, tmp_path):
    folder = tmp_path / "fetched"
    shutil.copytree(two_flaws.steps_dir / "tiny/double/solutions/twice", folder)
    assert lint(folder) == []
    _replace(folder / "solution.yaml", "authors:", "autors:")
    assert [(e.line, e.message) for e in lint(folder)] == [
        (2, "authors is missing."),
        (5, "autors is not a known key."),
    ]


def test_a_step_far_from_any_workspace_is_linted(two_flaws, tmp_path):
    folder = tmp_path / "alone" / "double"
    shutil.copytree(two_flaws.steps_dir / "tiny/double", folder)
    assert [e.message for e in lint(folder)] == [
        "id is 'thrice', but its folder is called 'twice'."
    ]


@pytest.mark.parametrize("name", ["nowhere", "notes.txt", "empty"])
def test_where_nothing_is_to_lint_the_command_is_at_fault(tmp_path, name):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        lint(tmp_path / name)
    assert caught.value.hint


PUBLIC_PLACES = [
    "data/tiny/public/numbers.json",
    "data/tiny/public/total.json",
    "data/tiny/quiz/numbers.json",
    "steps/tiny/double/tests/example/out.json",
    "steps/tiny/notes.txt",
]


@pytest.mark.parametrize("place", PUBLIC_PLACES)
def test_a_hidden_truth_is_found_wherever_others_can_see_it(tiny, place):
    target = tiny.root / place
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(tiny.data_dir / "tiny/sealed/total.json", target)
    (found,) = lint(tiny.root)
    # challenge.yaml, line 29, names the truths of the sealed split
    assert (found.path, found.line) == ("steps/tiny/challenge.yaml", 29)
    assert "data/tiny/sealed/total.json" in found.message
    assert place in found.message


def test_a_split_that_shows_a_hidden_file_by_name_is_found(edited):
    tiny = edited(
        "steps/tiny/challenge.yaml", "total: public/total.json", "total: sealed/total.json"
    )
    (found,) = lint(tiny.root)
    assert found.field == "splits.sealed.truths.total"


def test_a_copy_with_one_byte_changed_is_another_file(tiny):
    text = (tiny.data_dir / "tiny/sealed/total.json").read_text()
    (tiny.steps_dir / "tiny/notes.json").write_text(text.replace("300", "301"))
    assert lint(tiny.root) == []


def test_a_broken_workspace_file_does_not_hide_the_challenges(two_flaws):
    _replace(two_flaws.root / "coopt.toml", "name", "nam")
    assert places(two_flaws.root) == ["coopt.toml:1", "coopt.toml:2", ADD, TWICE]


def test_what_lints_clean_loads(tiny):
    assert lint(tiny.root) == []
    load_challenge(tiny, "tiny")

"""Rules that the broken workspaces do not reach: tables, commands, locks, odd documents."""

from __future__ import annotations

import shutil

import pytest

from coopt_dag.errors import SpecGroupError
from coopt_dag.model.challenge import Challenge
from coopt_dag.specs import export
from coopt_dag.specs.challenge import load_challenge, load_solution
from coopt_dag.specs.checks.files import lock_errors
from coopt_dag.specs.lint import lint
from coopt_dag.specs.marks import Mark, Source
from coopt_dag.specs.validate import known_keys
from coopt_dag.specs.workspace import find_workspace

TABLE = """\
# yaml-language-server: $schema=type.schema.json
id: {id}
kind: table
summary: A table.
columns:
  - {{name: {key}, dtype: int64, unit: '1', description: Which row.}}
  - {{name: value, dtype: float64, unit: '1', description: What.}}
key: [{key}]
"""


@pytest.fixture
def tables(tiny):
    """The tiny challenge with tables instead of JSON, joined by key `row`."""
    types = tiny.steps_dir / "tiny" / "types"
    for name in ("numbers", "total"):
        (types / f"{name}.yaml").write_text(TABLE.format(id=name, key="row"), encoding="utf-8")
    step = tiny.steps_dir / "tiny" / "add" / "step.yaml"
    step.write_text(step.read_text().replace("  join: whole\n", "  join: key\n"))
    return tiny


def test_tables_that_share_the_key_may_be_joined(tables):
    load_challenge(tables, "tiny")


def test_a_prediction_without_the_truths_key_cannot_be_joined(tables):
    folder = tables.steps_dir / "tiny"
    text = TABLE.format(id="guess", key="rwo")
    (folder / "types" / "guess.yaml").write_text(text, encoding="utf-8")
    step = folder / "add" / "step.yaml"
    step.write_text(step.read_text().replace("total: total", "total: guess"))
    with pytest.raises(SpecGroupError) as caught:
        load_challenge(tables, "tiny")
    (found,) = caught.value.errors
    assert found.message == (
        "metric.join is 'key', but output 'total' has no column 'row', a key of truth 'total'."
    )
    assert found.hint == "did you mean 'rwo'?"
    assert found.line == next(
        i for i, line in enumerate(step.read_text().splitlines(), 1) if "join: key" in line
    )


@pytest.fixture
def solution(tiny, tmp_path):
    """Write a solution folder from the text below its first five lines."""

    def write(rest):
        folder = tmp_path / "solution"
        shutil.copytree(tiny.steps_dir / "tiny" / "add" / "baseline", folder)
        path = folder / "solution.yaml"
        head = [line for line in path.read_text().splitlines() if not line.startswith("entry")]
        path.write_text("\n".join([*head, rest, ""]), encoding="utf-8")
        return folder

    return write


def test_a_command_from_the_path_needs_no_file(solution):
    assert load_solution(solution("entry: {command: [sh, -c, 'true']}")).spec.entry.python is None


def test_a_command_beside_the_file_must_exist(solution):
    with pytest.raises(SpecGroupError, match=r"entry\.command\[0\] is 'run\.sh', but"):
        load_solution(solution("entry: {command: [./run.sh]}"))


def test_an_entry_is_a_function_or_a_command_and_not_both(solution):
    with pytest.raises(SpecGroupError, match=r":6: entry: give either python or command\."):
        load_solution(solution("entry: {python: run.py, command: [sh]}"))


@pytest.mark.parametrize(
    ("word", "why"),
    [(r'"a\0b"', "holds a null character"), ("a" * 70_000, "has more than 65536 bytes")],
)
def test_a_command_that_no_system_could_start_is_refused(solution, word, why):
    with pytest.raises(SpecGroupError, match=f"command {why}"):
        load_solution(solution(f"entry: {{command: [sh, -c, {word}]}}"))


def test_a_solutions_own_lock_must_exist_and_lock(solution):
    folder = solution("entry: {python: run.py}\nenvironment: own.lock")
    with pytest.raises(SpecGroupError, match=r"environment is 'own\.lock', but"):
        load_solution(folder)
    (folder / "own.lock").write_text("numpy\n", encoding="utf-8")
    with pytest.raises(SpecGroupError, match=r"own\.lock:1: 'numpy' is not pinned"):
        load_solution(folder)
    (folder / "own.lock").write_text(f"numpy==2.0 --hash=sha256:{'a' * 64}\n", encoding="utf-8")
    load_solution(folder)


def test_a_parent_by_cid_is_taken(solution):
    # "bafybei" and 52 more base32 digits: CIDv1, dag-pb, sha2-256
    load_solution(solution(f"entry: {{python: run.py}}\nparents: [bafybei{'a' * 52}]"))


HASH = "--hash=sha256:" + "0" * 64
LOCKS = {
    "": [],
    "# nothing\n\n": [],
    f"a==1 {HASH}\n": [],
    f"a==1 ; python_version >= '3.11' {HASH}\n": [],
    f"a[x,y]==1.0+cpu \\\n    {HASH} \\\n    {HASH}\n    # via b\nb==2 {HASH}\n": [],
    f"a==1 \\\n    {HASH}\nb==2\n": [(3, "--hash")],
    "a>=1\n": [(1, "pinned")],
    f"a @ file:///x {HASH}\n": [(1, "link")],
    f"https://packages.invalid/a.whl {HASH}\n": [(1, "link")],
    "-e .\n--extra-index-url x\n-r other.txt\n": [(1, "option"), (2, "option"), (3, "option")],
    "a==1 --hash=md5:00\n": [(1, "")],
    "a==1 --hash=sha256:00\n": [(1, "--hash")],
    "a==1 \\\n": [(1, "--hash")],
}


@pytest.mark.parametrize("text", LOCKS)
def test_a_lock_holds_only_pinned_hashed_names(text, tmp_path):
    path = tmp_path / "environment.lock"
    path.write_text(text, encoding="utf-8")
    found = list(lock_errors(path, "environment.lock"))
    assert [e.line for e in found] == [line for line, _ in LOCKS[text]]
    for error, (_, reason) in zip(found, LOCKS[text], strict=True):
        assert reason in error.message
        assert error.hint


def test_a_step_called_data_is_refused(edited):
    tiny = edited("steps/tiny/challenge.yaml", "[double, add]", "[double, add, data]")
    with pytest.raises(SpecGroupError, match=r"steps\[2\] is 'data', which edges use"):
        load_challenge(tiny, "tiny")


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("types/total.yaml", "- a\n", "is not a mapping"),
        ("types/total.yaml", "id: total\n", "kind is missing"),
        ("types/total.yaml", "id: total\nkind: [a]\n", "which is no kind"),
        ("challenge.yaml", "x" * (1 << 20) + "y", "is larger than"),
        ("add/step.yaml", "inputs: {Bad Name: total}\n", r"inputs\.Bad Name is .*right form"),
        ("add/step.yaml", "inputs: total\n", "inputs is 'total', but should be"),
        ("add/step.yaml", "keywords: {a: b}\n", "keywords is a mapping"),
        ("add/step.yaml", "summary:\n", "summary is empty"),
        ("add/step.yaml", "budget: {cpu: 0}\n", r"budget\.cpu is 0, but should be greater"),
        ("add/step.yaml", "metric: [1, 2]\n", "metric is a list of 2"),
        ("add/step.yaml", "summary: " + "x" * 500 + "\n", "but should have at most 400"),
        ("add/step.yaml", "metric: {code: 'a b'}\n", r"metric\.code is 'a b', .*right form"),
        ("add/step.yaml", 'summary: "\\ud800"\n', "add/step.yaml"),
    ],
)
def test_an_odd_document_is_refused_with_words(tiny, path, text, reason):
    (tiny.steps_dir / "tiny" / path).write_text(text, encoding="utf-8")
    with pytest.raises(SpecGroupError, match=reason) as caught:
        load_challenge(tiny, "tiny")
    assert all(e.hint and e.path for e in caught.value.errors)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("name = nan", "name is nan, which is neither"),
        ("name = 2026-01-31", "name is 2026-01-31, which is neither"),
        ("name = 1", "name is 1, but should be a valid string"),
        ("paths = [1.5]", r"paths\[0\] is 1\.5, which is neither"),
        ("ledger = 3", "ledger is 3, but"),
    ],
)
def test_toml_values_that_do_not_fit_are_refused_at_their_line(tiny, line, reason):
    path = tiny.root / "coopt.toml"
    path.write_text(f'schema = "coopt/workspace/1"\n{line}\n', encoding="utf-8")
    with pytest.raises(SpecGroupError, match=rf"coopt\.toml:2: {reason}"):
        find_workspace(tiny.root)


def test_keys_are_known_at_every_depth():
    assert "unit" in known_keys(Challenge, ("end_to_end", "metric"))
    assert "visibility" in known_keys(Challenge, ("splits", "quiz"))
    assert "opens" in known_keys(Challenge, ("sprints", 0))
    assert "recipe" in known_keys(Challenge, ("origin",))
    assert known_keys(Challenge, ("nowhere", "at", "all")) == []
    assert known_keys(Challenge, ("id", "below")) == []


def test_a_place_without_a_line_of_its_own_takes_that_of_the_key_around_it(tmp_path):
    source = Source(tmp_path, "x", {(): Mark(1, 1), ("a",): Mark(4, 4)})
    assert source.line(("a", "b", 0)) == 4
    assert source.line(("z",)) == 1
    assert Source(tmp_path, "x", {}).line(("z",)) == 1


@pytest.mark.parametrize("name", ["types/total.yaml", "double/step.yaml"])
def test_a_file_is_linted_alone_when_its_challenge_is_gone(tiny, name):
    folder = tiny.steps_dir / "tiny"
    (folder / "challenge.yaml").unlink()
    assert lint(folder / name) == []
    path = folder / name
    path.write_text(path.read_text().replace("summary", "sumary"), encoding="utf-8")
    messages = [e.message for e in lint(path)]
    assert any("sumary is not a known key." in m for m in messages)


def test_a_stale_schema_gives_the_exit_code_of_a_bad_specification(tmp_path, capsys):
    assert export.main(["--check"], folder=tmp_path) == 3
    assert "hint: run `python -m coopt_dag.specs.export`." in capsys.readouterr().err
    assert export.main([], folder=tmp_path) == 0
    assert export.main(["--check"], folder=tmp_path) == 0

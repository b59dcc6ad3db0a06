"""Simulated splits: made once, whole, from seeds that only their owner's secret tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from coopt_dag.errors import DataMissingError, IsolationError, UnknownNameError, UsageError
from coopt_dag.execution.planning import plan_for
from coopt_dag.execution.request import Request
from coopt_dag.execution.simulate import Made, simulate
from coopt_dag.execution.splitseeds import secret_path
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace
from tests.workspaces import hold_up, simulated

FETCH = [sys.executable, "-m", "coopt_dag.cli", "data", "fetch", "tiny"]
ALL = ("public", "quiz", "sealed")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return simulated(tmp_path / "tiny")


@dataclass
class Maker:
    """Makes data in a workspace, as it is at that moment."""

    root: Path
    said: list[str] = field(default_factory=list)

    def __call__(self, **words: Any) -> Made:
        self.said.clear()
        loaded = find_workspace(self.root)
        return simulate(loaded, load_challenge(loaded, "tiny"), tell=self.said.append, **words)


@pytest.fixture
def make(root: Path) -> Maker:
    return Maker(root)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_all_splits_are_made_and_a_second_time_nothing_is(root: Path, make: Maker) -> None:
    assert make().splits == ALL
    counts = {s: len(json.loads((root / f"data/tiny/{s}/numbers.json").read_text())["values"])
              for s in ALL}  # fmt: skip
    assert counts == {"public": 3, "quiz": 4, "sealed": 5}  # params of challenge.yaml
    before = content(root / "data")
    assert make().splits == ()
    assert content(root / "data") == before


def test_a_public_split_is_what_numpy_draws_from_the_written_seed(root: Path, make: Maker) -> None:
    import numpy as np

    make(splits=["public"])
    drawn = np.random.default_rng(7).integers(0, 1000, 3).tolist()
    assert json.loads((root / "data/tiny/public/numbers.json").read_text())["values"] == drawn


def test_one_secret_makes_the_same_bytes_anywhere_and_another_makes_others(
    root: Path, make: Maker, tmp_path: Path
) -> None:
    make()
    secret = bytes.fromhex(secret_path(find_workspace(root), "tiny").read_text())
    make(secret=secret, folder=tmp_path / "same")
    make(secret=bytes(32), folder=tmp_path / "other")
    mine, same, other = (content(f) for f in (root / "data/tiny", tmp_path / "same",
                                              tmp_path / "other"))  # fmt: skip
    assert same == mine
    differ = {name.partition("/")[0] for name in mine if mine[name] != other[name]}
    assert differ == {"quiz", "sealed"}


def test_each_workspace_draws_a_secret_of_its_own(root: Path, make: Maker, tmp_path: Path) -> None:
    make()
    second = find_workspace(simulated(tmp_path / "second"))
    simulate(second, load_challenge(second, "tiny"), tell=lambda _: None)
    mine, theirs = content(root / "data/tiny"), content(second.data_dir / "tiny")
    assert mine["public/numbers.json"] == theirs["public/numbers.json"]
    assert mine["quiz/numbers.json"] != theirs["quiz/numbers.json"]


def test_no_secret_is_drawn_for_public_splits(root: Path, make: Maker) -> None:
    make(splits=["public"])
    assert not secret_path(find_workspace(root), "tiny").exists()


def test_neither_the_secret_nor_a_hidden_seed_is_written_beside_the_data(
    root: Path, make: Maker
) -> None:
    from coopt_dag.execution.splitseeds import hidden_seed

    make()
    secret = bytes.fromhex(secret_path(find_workspace(root), "tiny").read_text())
    seed = hidden_seed("tiny", "quiz", secret=secret)
    text = (root / "data/tiny/quiz/.simulated.json").read_text()
    assert seed.mark in text
    assert not any(word in text for word in (secret.hex(), str(seed.value), f"{seed.value:x}"))


@pytest.mark.parametrize(
    ("path", "old", "new", "word"),
    [
        ("generate.py", "2 * sum", "3 * sum", "recipe"),
        ("lib/drawing/numbers.py", "1000", "999", "library"),
        ("challenge.yaml", "quiz: {params: {count: 4}}", "quiz: {params: {count: 9}}", "params"),
        ("challenge.yaml", "quiz: {params", "quiz: {seed: 1, params", "seed"),
        ("environment.lock", "numpy", "# made by hand\nnumpy", "environment"),
    ],
)
def test_a_changed_simulator_is_noticed_and_what_was_made_stays(
    root: Path, make: Maker, path: str, old: str, new: str, word: str
) -> None:
    make(splits=["quiz"])
    before = content(root / "data")
    edit(root / "steps/tiny" / path, old, new)
    assert make(splits=["quiz"]).splits == ()
    anew = "to make it anew: coopt data fetch tiny --split quiz --again"
    assert make.said == [f"tiny: split quiz is kept as it was made, with another {word}; {anew}"]
    assert content(root / "data") == before
    assert make(splits=["quiz"], again=True).splits == ("quiz",)
    assert content(root / "data") != before
    make(splits=["quiz"])
    assert make.said == []


def test_a_secret_that_was_lost_is_not_missed_until_a_hidden_split_is_made(
    root: Path, make: Maker
) -> None:
    make()
    secret_path(find_workspace(root), "tiny").unlink()
    assert make().splits == ()
    assert make.said == []
    assert not secret_path(find_workspace(root), "tiny").exists()


def test_a_split_without_one_of_its_files_is_not_made_over(root: Path, make: Maker) -> None:
    make(splits=["quiz"])
    (root / "data/tiny/quiz/total.json").unlink()
    before = content(root / "data")
    with pytest.raises(DataMissingError, match=r"without quiz/total\.json") as caught:
        make()
    assert caught.value.hint == "coopt data fetch tiny --split quiz --again"
    assert content(root / "data") == before


def test_a_recipe_that_leaves_out_a_file_leaves_nothing(root: Path, make: Maker) -> None:
    edit(root / "steps/tiny/generate.py", '"doubled.json"', '"double.json"')
    with pytest.raises(DataMissingError, match=r"made split 'public' without public/doubled\.json"):
        make()
    assert list((root / "data/tiny").iterdir()) == []


def test_a_recipe_that_crashes_tells_its_last_words_and_keeps_what_was_made(
    root: Path, make: Maker
) -> None:
    make(splits=["public"])
    edit(
        root / "steps/tiny/generate.py", "numbers = draw", "assert not 'enough'\n    numbers = draw"
    )
    with pytest.raises(DataMissingError, match="AssertionError") as caught:
        make()
    assert caught.value.path == str(root / "steps/tiny/generate.py")
    assert [p.name for p in (root / "data/tiny").iterdir()] == ["public"]


FORBIDDEN = {
    "open(__file__, 'a')": "Read-only file system",
    "open('/usr/left', 'w')": "Read-only file system",
    "open(__file__.replace('generate.py', 'challenge.yaml'))": "No such file",
    "open(__file__.partition('/steps/')[0] + '/.coopt/simulator/tiny')": "No such file",
    "__import__('socket').create_connection(('192.0.2.1', 80), timeout=9)": "Network is unreach",
    "__import__('os').environ['PYTEST_CURRENT_TEST']": "KeyError",
}


@pytest.mark.parametrize("deed", FORBIDDEN)
def test_a_recipe_sees_and_reaches_only_what_it_needs(root: Path, make: Maker, deed: str) -> None:
    edit(root / "steps/tiny/generate.py", "numbers =", f"{deed}\n    numbers =")
    with pytest.raises(DataMissingError, match=FORBIDDEN[deed]):
        make(splits=["quiz"])


def test_a_trusted_recipe_has_our_rights_and_draws_the_same(root: Path, make: Maker) -> None:
    make(splits=["public"])
    before = content(root / "data")
    make(splits=["public"], again=True, cage="none")
    assert content(root / "data") == before
    edit(root / "steps/tiny/generate.py", "numbers =", "open(__file__, 'a').close()\n    numbers =")
    make(splits=["public"], again=True, cage="none")


def test_there_is_no_weak_cage_for_a_recipe(root: Path, make: Maker) -> None:
    with pytest.raises(IsolationError, match="whole cage or in none"):
        make(cage="weak")
    assert list((root / "data/tiny").iterdir()) == []


def test_a_split_that_does_not_exist_is_refused(make: Maker) -> None:
    with pytest.raises(UnknownNameError):
        make(splits=["quizz"])


def test_a_secret_in_pieces_is_refused_and_not_replaced(root: Path, make: Maker) -> None:
    place = secret_path(find_workspace(root), "tiny")
    place.parent.mkdir(parents=True)
    place.write_text("abc\n")
    with pytest.raises(UsageError, match="no secret"):
        make()
    assert place.read_text() == "abc\n"


def test_who_needs_a_split_is_told_how_to_make_that_one(root: Path) -> None:
    with pytest.raises(DataMissingError) as caught:
        plan_for(find_workspace(root), Request("tiny", splits=("public",)))
    assert caught.value.hint == "coopt data fetch tiny --split public"


def started(root: Path, until: str) -> subprocess.Popen[bytes]:
    """Start making data in a process, and wait for a file or folder below them."""
    found = subprocess.Popen(FETCH, cwd=root, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list((root / "data/tiny").glob(until)):
        assert time.monotonic() < deadline
        assert found.poll() is None
        time.sleep(0.02)
    return found


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError, FileNotFoundError):
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    return False


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_killed_in_the_middle_it_goes_on_with_what_is_missing(root: Path, make: Maker) -> None:
    held = hold_up(root, 4)  # the quiz has four numbers
    making = started(root, ".quiz.*.part/numbers.json")
    recipes = children(making.pid)
    os.kill(making.pid, signal.SIGKILL)
    making.communicate()
    deadline = time.monotonic() + 10
    while any(map(is_alive, recipes)):
        assert time.monotonic() < deadline, "the recipe outlives its parent"
        time.sleep(0.02)
    names = {p.name for p in (root / "data/tiny").iterdir()}
    assert "public" in names
    assert not names & {"quiz", "sealed"}
    before = content(root / "data/tiny/public")
    secret = secret_path(find_workspace(root), "tiny").read_text()

    held.unlink()
    assert make().splits == ("quiz", "sealed")
    assert {p.name for p in (root / "data/tiny").iterdir()} == set(ALL)
    assert content(root / "data/tiny/public") == before
    assert secret_path(find_workspace(root), "tiny").read_text() == secret


def test_killed_at_any_time_the_data_come_out_the_same(
    root: Path, make: Maker, tmp_path: Path
) -> None:
    make(splits=["public"])  # the environment is built
    for delay_s in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9):
        making = subprocess.Popen(FETCH, cwd=root, stderr=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            making.wait(delay_s)
        making.kill()
        making.wait()
    make()
    secret = bytes.fromhex(secret_path(find_workspace(root), "tiny").read_text())
    make(secret=secret, folder=tmp_path / "at_once")
    assert content(root / "data/tiny") == content(tmp_path / "at_once")


def test_two_at_once_make_each_split_once(root: Path) -> None:
    held = hold_up(root, 4)
    first = started(root, ".quiz.*.part/numbers.json")
    second = subprocess.Popen(FETCH, cwd=root, stderr=subprocess.PIPE)
    assert second.stderr is not None
    assert b"waiting: another process" in second.stderr.readline()
    held.unlink()
    said = first.communicate()[1], second.communicate()[1]
    assert (first.returncode, second.returncode) == (0, 0)
    assert [text.count(b"made split") for text in said] == [3, 0]

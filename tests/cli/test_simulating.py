"""Simulated data as people type it: made when needed, kept, and made again from a told secret."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Desk
from tests.workspaces import simulated

if TYPE_CHECKING:
    from pathlib import Path


def at(home: Path, *people: str) -> Desk:
    """Give a desk at a workspace whose data are simulated."""
    desk = Desk(home, *people)
    ids = desk.ids.rename(home / "ids") if people else None
    shutil.rmtree(desk.root)
    simulated(desk.root)
    if ids is not None:
        desk.ids.parent.mkdir(parents=True, exist_ok=True)
        ids.rename(desk.ids)
    del desk.env["HOME"]  # the environments that are built already
    return desk


@pytest.fixture
def coopt(tmp_path: Path) -> Desk:
    return at(tmp_path / "home")


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.glob("*")}


def test_a_run_makes_what_it_needs_first_and_says_so(coopt: Desk) -> None:
    said = coopt("run", "tiny")
    assert "its data (quiz, sealed) are not here; simulating them first" in said.stderr
    assert "seed from your secret, kept in .coopt/simulator/tiny: quiz, sealed" in said.stderr
    assert names(coopt.root / "data/tiny") == {"quiz", "sealed"}
    again = coopt("run", "tiny")
    assert "executed 0, reused 4 nodes" in again.stdout
    assert "simulat" not in again.stderr


def test_a_dry_run_makes_nothing(coopt: Desk) -> None:
    said = coopt.complaint("run", "tiny", "--dry-run", code=7)
    assert "(quiz, sealed) are not simulated yet" in said
    assert not (coopt.root / "data").exists()


def test_a_run_on_old_data_says_that_the_recipe_has_changed(coopt: Desk) -> None:
    coopt("run", "tiny", "--split", "public")
    recipe = coopt.root / "steps/tiny/generate.py"
    recipe.write_text(recipe.read_text() + "# another word\n")
    said = coopt("run", "tiny", "--split", "public").stderr
    assert "split public is kept as it was made, with another recipe" in said


def test_fetch_tells_which_splits_anybody_can_make(coopt: Desk) -> None:
    said = coopt("data", "fetch", "tiny").stderr
    assert "public seed: public\n" in said
    assert "seed from your secret, kept in .coopt/simulator/tiny: quiz, sealed\n" in said
    assert "are there" in coopt("data", "fetch", "tiny").stderr


def test_data_of_the_real_kind_are_not_made_by_a_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    shutil.rmtree(desk.root / "data")
    said = desk.complaint("run", "tiny", code=7)
    assert "names no `origin`" in said


@pytest.mark.parametrize(
    "words", [("--from", "x.whl"), ("--secret-file", "nowhere"), ("--secret-file", "coopt.toml")]
)
def test_words_that_do_not_fit_are_refused(coopt: Desk, words: tuple[str, ...]) -> None:
    coopt.complaint("data", "fetch", "tiny", *words, code=2)
    assert not (coopt.root / "data").exists()


def test_words_for_simulators_are_refused_for_other_data(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    desk.complaint("data", "fetch", "tiny", "--again", code=2)


@pytest.mark.slow
def test_a_revealed_secret_makes_the_sealed_data_again_and_anybody_can_compare(
    tmp_path: Path,
) -> None:
    owner, reader = at(tmp_path / "owner", "lab"), at(tmp_path / "reader")
    owner("data", "fetch", "tiny")
    owner("challenge", "register", "tiny")
    owner("seal", "tiny")
    refused = owner.complaint("data", "fetch", "tiny", "--again", code=2)
    assert "epoch 1 of 'tiny' is sealed" in refused
    owner("unseal", "tiny", "--epoch", "1")

    secret, copy = tmp_path / "secret", str(tmp_path / "copy")
    shutil.copyfile(owner.root / ".coopt/simulator/tiny", secret)
    said = reader("data", "fetch", "tiny", "--secret-file", str(secret), "--into", copy).stderr
    assert "seed from the secret that was told: quiz, sealed" in said
    assert "PASS tiny" in owner("challenge", "verify", "tiny", "--against", copy).stdout
    reader("data", "fetch", "tiny")  # with a secret of its own
    own = str(reader.root / "data/tiny")
    assert "quiz/" in owner.complaint("challenge", "verify", "tiny", "--against", own, code=6)


@pytest.mark.slow
def test_sealed_splits_are_replaced_only_by_name(tmp_path: Path) -> None:
    owner = at(tmp_path / "owner", "lab")
    owner("data", "fetch", "tiny")
    owner("challenge", "register", "tiny")
    owner("seal", "tiny")
    (owner.root / ".coopt/simulator/tiny").rename(tmp_path / "first_secret")
    before = (owner.root / "data/tiny/quiz/numbers.json").read_bytes()
    said = owner("data", "fetch", "tiny", "--again", "--split", "quiz").stderr
    assert "epoch 1 stays sealed with quiz as they were; coopt seal tiny begins a new one" in said
    assert (owner.root / "data/tiny/quiz/numbers.json").read_bytes() != before

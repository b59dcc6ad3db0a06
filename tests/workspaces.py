"""Small real workspaces for tests."""

from __future__ import annotations

import shutil
from pathlib import Path

TINY = Path(__file__).parent / "specs" / "valid"


def tiny(folder: Path) -> Path:
    """Copy the tiny challenge (double → add, JSON only, no packages) to a folder."""
    shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "coopt.toml").write_text(
        'schema = "coopt/workspace/1"\nname = "tiny"\nidentities = ".coopt/ids"\n'
    )
    return folder


SIMULATOR = """
library: lib
origin:
  kind: simulated
  summary: Numbers that a generator draws.
  licence: CC0-1.0
  recipe: generate.py
  simulator:
    public: {seed: 7, params: {count: 3}}
    quiz: {params: {count: 4}}
    sealed: {params: {count: 5}}
"""
RECIPE = """import time

from drawing.numbers import WAIT, draw, write


def simulate(out, *, rng, params):
    numbers = draw(rng, params["count"])
    write(out / "numbers.json", values=numbers)
    while (WAIT / str(params["count"])).exists():
        time.sleep(0.02)
    write(out / "doubled.json", values=[2 * n for n in numbers])
    write(out / "total.json", value=2 * sum(numbers))
"""
LIBRARY = """import json
from pathlib import Path

WAIT = Path(__file__).parent / "__pycache__"


def draw(rng, count):
    return rng.integers(0, 1000, count).tolist()


def write(path, **found):
    path.write_text(json.dumps(found))
"""


def simulated(folder: Path) -> Path:
    """Copy the tiny challenge without its data, which a recipe with a library makes instead.

    Its environment has numpy alone.
    """
    tiny(folder)
    shutil.rmtree(folder / "data")
    steps = folder / "steps" / "tiny"
    (steps / "environment.lock").write_text(_numpy())
    (steps / "challenge.yaml").write_text((steps / "challenge.yaml").read_text() + SIMULATOR)
    (steps / "generate.py").write_text(RECIPE)
    (steps / "lib" / "drawing").mkdir(parents=True)
    (steps / "lib" / "drawing" / "numbers.py").write_text(LIBRARY)
    return folder


def hold_up(folder: Path, count: int) -> Path:
    """Make the recipe wait at the split of so many numbers until this file is gone.

    It lies in the library, which a caged recipe sees, and where it does not count as code.
    """
    path = folder / "steps/tiny/lib/drawing/__pycache__" / str(count)
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


def _numpy() -> str:
    """Give the lines of a lock that pin numpy."""
    lock = TINY.parents[2] / "steps" / "movielens" / "environment.lock"
    entries = lock.read_text().replace("\\\n", "\0").splitlines()
    (found,) = [entry for entry in entries if entry.startswith("numpy==")]
    return found.replace("\0", "\\\n") + "\n"

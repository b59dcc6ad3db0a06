"""A challenge's own code: measured and drawn in the cage, kept by content, refused when odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import CooptError, DataMissingError, NodeFailedError, SpecError
from coopt_dag.execution.plots import Drawn, draw, write
from coopt_dag.execution.validation import Measured, can_measure, measured
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level

SPEC = """library: lib
validation:
  seed: 3
  wall_s: 5
  checks:
    - {id: spread, value: spread, unit: '1', at_most: 1, summary: Spread., reference: Theory.}
plots:
  wall_s: 5
  pictures:
    - {id: bars, caption: The numbers.}
"""
MEASURE = """import generate
from arithmetic.spread import spread

def measure(*, rng):
    return {"spread": spread(generate.simulate(rng))}
"""
PLOT = """def plot(inputs, truths, out, *, rng):
    text = f"{sorted(inputs)} {inputs['numbers']['values']} {sorted(truths)} {rng.random()}"
    body = f'<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'
    (out / "bars.svg").write_text(body)
"""
EMPTY = '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def folder(workspace: Path) -> Path:
    """Give the tiny challenge a library, a simulator, a validation and a picture."""
    steps = workspace / "steps/tiny"
    (steps / "lib/arithmetic").mkdir(parents=True)
    (steps / "lib/arithmetic/spread.py").write_text(
        "def spread(values):\n    return max(values) - min(values)\n"
    )
    (steps / "generate.py").write_text(
        "def simulate(rng):\n    return [rng.random() for _ in range(9)]\n"
    )
    (steps / "validation.py").write_text(MEASURE)
    (steps / "plots.py").write_text(PLOT)
    spec = steps / "challenge.yaml"
    spec.write_text(spec.read_text() + SPEC)
    return steps


def measure(folder: Path, *, cage: Level = "strong") -> Measured:
    workspace = find_workspace(folder)
    return measured(workspace, load_challenge(workspace, "tiny"), cage=cage, tell=lambda _: None)


def pictures(folder: Path, *, cage: Level = "strong") -> list[Drawn]:
    workspace = find_workspace(folder)
    return draw(workspace, load_challenge(workspace, "tiny"), cage=cage, tell=lambda _: None)


def plotting(folder: Path, *lines: str) -> NodeFailedError:
    """Let `plot` do something, and give what is said of it."""
    body = "\n    ".join(lines)
    (folder / "plots.py").write_text(
        f"import os, random\n\ndef plot(inputs, truths, out, *, rng):\n    {body}\n"
    )
    with pytest.raises(NodeFailedError) as caught:
        pictures(folder)
    return caught.value


def test_every_cage_measures_the_same_with_the_library_and_the_files_beside(folder: Path) -> None:
    levels: tuple[Level, ...] = ("strong", "weak", "none")
    found = [measure(folder, cage=cage) for cage in levels]
    assert all(each.fresh for each in found)  # what ran in a lesser cage is not believed
    assert found[0].values == found[1].values == found[2].values
    assert 0 < found[0].values["spread"] < 1


def test_nothing_is_measured_twice_until_what_it_depends_on_changes(folder: Path) -> None:
    first = measure(folder)
    assert not measure(folder).fresh
    for name in ("validation.py", "generate.py", "lib/arithmetic/spread.py"):
        file = folder / name
        text = file.read_text()
        file.write_text(text + "\n")
        again = measure(folder)
        assert (again.fresh, again.values) == (True, first.values)
        file.write_text(text)
        assert not measure(folder).fresh
    spec = folder / "challenge.yaml"
    spec.write_text(spec.read_text().replace("seed: 3", "seed: 4"))
    assert measure(folder).values != first.values


def test_a_kept_measurement_that_was_edited_is_made_anew(folder: Path) -> None:
    first = measure(folder)
    (file,) = (folder.parents[1] / ".coopt/own/validation").glob("*/measured.json")
    file.chmod(0o644)
    file.write_text('{"spread": 0.5}\n')
    again = measure(folder)
    assert (again.fresh, again.values) == (True, first.values)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("{'spread': float('nan')}", "spread = nan"),
        ("{'spread': 'wide'}", "names and numbers"),
        ("[1.0]", "must return a dict, got list"),
        ("{}[0]", "validation.py:2: KeyError"),
        ("open('/out/other', 'w').close() or {}", "wrote other"),
    ],
)
def test_what_is_no_number_is_never_a_measurement(folder: Path, result: str, said: str) -> None:
    (folder / "validation.py").write_text(f"def measure(*, rng):\n    return {result}\n")
    with pytest.raises(NodeFailedError, match="measure: ") as caught:
        measure(folder)
    assert said in caught.value.message
    assert caught.value.path == "steps/tiny/validation.py"


def test_a_measurement_has_its_time(folder: Path) -> None:
    spec = folder / "challenge.yaml"
    spec.write_text(spec.read_text().replace("wall_s: 5", "wall_s: 1", 1))
    (folder / "validation.py").write_text("def measure(*, rng):\n    while True:\n        pass\n")
    with pytest.raises(NodeFailedError) as caught:
        measure(folder)
    assert caught.value.failure == "timed_out"


def test_it_sees_neither_the_data_nor_the_solutions_nor_the_network(folder: Path) -> None:
    (folder / "validation.py").write_text(
        "import os, pathlib, socket\n\n"
        "def measure(*, rng):\n"
        "    tops = [pathlib.Path(p) for p in ('/code', '/library', '/in', '/truths', '/out')]\n"
        "    seen = {p.name for top in tops for p in top.rglob('*') if p.is_file()}\n"
        "    code = {'validation.py', 'plots.py', 'generate.py', 'metric.py', 'spread.py'}\n"
        "    assert seen == code, seen\n"
        f"    assert not os.path.exists({str(folder)!r})\n"
        "    try:\n"
        "        pathlib.Path('/code/validation.py').write_text('')\n"
        "    except OSError:\n"
        "        pass\n"
        "    else:\n"
        "        raise AssertionError('wrote to its own code')\n"
        "    try:\n"
        "        socket.create_connection(('192.0.2.1', 9), timeout=1)\n"
        "    except OSError:\n"
        "        return {'spread': 0.0}\n"
    )
    assert measure(folder).values == {"spread": 0.0}


def test_a_challenge_without_them_says_where_to_read_more(workspace: Path) -> None:
    for ask in (measure, pictures):
        with pytest.raises(SpecError, match="has no `"):
            ask(workspace / "steps/tiny")


def test_without_the_environment_only_what_is_kept_can_be_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = find_workspace(folder)
    measure(folder)
    monkeypatch.setenv("COOPT_CACHE", str(tmp_path / "cache"))
    assert can_measure(workspace, load_challenge(workspace, "tiny"))
    (folder / "validation.py").write_text(MEASURE + "\n")
    assert not can_measure(workspace, load_challenge(workspace, "tiny"))


def test_every_cage_draws_the_public_split_to_the_same_bytes(folder: Path) -> None:
    levels: tuple[Level, ...] = ("strong", "weak", "none")
    found = [pictures(folder, cage=cage) for cage in levels]
    assert found[0] == found[1] == found[2]
    (picture,) = found[0]
    assert picture.state == "missing"
    public = "['numbers'] [1, 2, 3] ['doubled', 'total'] "  # tiny's public numbers and truths
    assert public in picture.content.decode()
    assert not any((folder.parents[1] / ".coopt/own/plots").iterdir())


def test_pictures_are_written_whole_and_only_where_they_changed(folder: Path) -> None:
    workspace = find_workspace(folder)
    challenge = load_challenge(workspace, "tiny")
    assert [p.name for p in write(challenge, pictures(folder))] == ["bars.svg"]
    assert write(challenge, pictures(folder)) == []
    (folder / "pictures/bars.svg").write_text(EMPTY)
    assert [p.state for p in pictures(folder)] == ["other"]
    assert [p.name for p in (folder / "pictures").iterdir()] == ["bars.svg"]


def test_without_public_data_nothing_is_drawn(folder: Path) -> None:
    (folder.parents[1] / "data/tiny/public/numbers.json").unlink()
    with pytest.raises(DataMissingError, match=r"public/numbers\.json"):
        pictures(folder)


def test_a_picture_that_comes_out_otherwise_is_refused(folder: Path) -> None:
    # os.urandom is no part of what a seed decides
    text = "f'<svg xmlns=\"http://www.w3.org/2000/svg\"><text>{os.urandom(9).hex()}</text></svg>'"
    error = plotting(folder, f"(out / 'bars.svg').write_text({text})")
    assert "drew bars.svg otherwise the second time" in error.message


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("pass",), "drew no bars.svg"),
        (("(out / 'bars.svg').mkdir()",), "drew no bars.svg"),
        (("(out / 'bars.png').write_bytes(b'')",), "wrote bars.png"),
        (("(out / 'manifest.json').write_text('{}')",), "wrote manifest.json"),
        (("(out / 'bars.svg').symlink_to('/etc/passwd')",), "neither a plain file"),
        (("(out / 'bars.svg').write_text('<svg/>')",), "bars.svg has on line 1"),
        (("(out / 'bars.svg').write_bytes(bytes(300_001))",), "more than 300000 bytes"),
        (("(out / 'bars.svg').write_bytes(bytes(65 << 20))",), "File too large"),
    ],
)
def test_only_a_small_harmless_picture_of_its_name_is_taken(
    folder: Path, lines: tuple[str, ...], said: str
) -> None:
    assert said in plotting(folder, *lines).message
    assert not (folder / "pictures").exists()


def test_a_script_in_a_picture_never_reaches_the_readme(folder: Path) -> None:
    svg = EMPTY.replace("/>", "><script/></svg>")
    error = plotting(folder, f"(out / 'bars.svg').write_text({svg!r})")
    assert "the element 'script'" in error.message
    assert isinstance(error, CooptError)
    assert error.hint


def test_a_png_is_told_by_its_first_bytes(folder: Path) -> None:
    spec = folder / "challenge.yaml"
    spec.write_text(spec.read_text().replace("{id: bars,", "{id: bars, form: png,"))
    assert "is no PNG" in plotting(folder, "(out / 'bars.png').write_bytes(b'GIF89a')").message
    png = "b'\\x89PNG\\r\\n\\x1a\\n'"
    (folder / "plots.py").write_text(
        f"def plot(inputs, truths, out, *, rng):\n    (out / 'bars.png').write_bytes({png})\n"
    )
    assert [p.file for p in pictures(folder)] == ["bars.png"]

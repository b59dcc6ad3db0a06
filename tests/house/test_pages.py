"""Generated pages and hand-written documents say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import adr_index, architecture, pages

ROOT = Path(__file__).resolve().parents[2]
ADRS = adr_index.pages()
ADR_HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "Measured"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", sorted(pages.PAGES))
def test_a_generated_page_is_what_the_code_gives_now(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == pages.PAGES[name](), f"{name} is stale: run 'make docs'"


def test_a_stale_page_is_named_and_the_check_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "PAGES", {"docs/errors.md": lambda: "another text\n"})
    assert pages.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "docs/errors.md: stale" in said
    assert "make docs" in said


def test_writing_pages_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    renders = {name: render() for name, render in pages.PAGES.items()}
    assert {name: render() for name, render in pages.PAGES.items()} == renders
    for text in renders.values():
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\r" not in text


def test_the_architecture_page_shows_every_room() -> None:
    text = architecture.render()
    folders = {p.parent.name for p in (ROOT / "coopt_dag").glob("*/__init__.py")}
    drawn = set(re.findall(r'room_(\w+)\["', text))
    assert drawn == folders
    assert set(re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)) == folders


def test_every_arrow_of_the_architecture_page_goes_down() -> None:
    level = {room: n for n, floor in enumerate(architecture.floors()) for room in floor}
    arrows = re.findall(r"room_(\w+) --> room_(\w+)", architecture.render())
    assert arrows
    assert all(level[above] < level[below] for above, below in arrows)


def test_the_layers_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", ADRS, ids=lambda p: p.stem)
def test_a_decision_has_a_number_a_status_and_all_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.name[:4]}. ")
    assert re.search(r"^Status: (accepted|superseded)", text, flags=re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == ADR_HEADINGS
    assert len(text.splitlines()) <= 70, "one page"


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(p.name[:4]) for p in ADRS] == list(range(1, len(ADRS) + 1))


def test_the_changelog_has_an_unreleased_section_with_something_in_it() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = text.split("## [Unreleased]", maxsplit=1)[1].split("\n## [", maxsplit=1)[0]
    assert re.search(r"^- \S", section, flags=re.MULTILINE)


def test_the_readme_shows_how_to_try_it_and_how_to_test_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert re.search(r"make (check )?test", text)


def test_the_citation_names_the_version_that_is_built() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {project['version']}\n" in citation
    assert f"license: {project['license']}\n" in citation


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    inside = [t for t in targets if "://" not in t and not t.startswith("mailto:")]
    broken = [t for t in inside if not (page.parent / t).exists()]
    assert broken == []

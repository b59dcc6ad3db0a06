"""No tracked file names a registry, a download address, a path of one machine, or a secret."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written in pieces, so that this file does not find itself.
REGISTRIES = [
    "pypi" + r"\.org",
    "pythonhosted" + r"\.org",
    "registry\\." + "npmjs",
    "npmjs" + r"\.(org|com)/",
    "registry\\." + "yarnpkg",
    "crates" + r"\.io/",
    "conda" + r"\.anaconda\.org",
    "deb" + r"\.debian\.org",
    "files\\." + "grouplens",
]
INDEX_LINES = [
    r"^\s*(-i|--(extra-)?" + r"index-url|--find-" + r"links|--trusted-" + r"host)[ =]\S",
    r"^\s*(index-url|extra-index-url|default-index)\s*=",
    r'"resolved"\s*:\s*"' + "http",
]
MACHINE_PATHS = [
    r"(?<![\w.])/" + r"home/\w+/",
    r"(?<![\w.])/" + r"root/",
    r"(?<![\w.])/" + r"Users/\w+/",
    r"(?<![\w.])/" + r"work/(main|shared)\b",
]
SECRETS = [
    r"-----BEGIN [A-Z ]*PRIVATE" + " KEY-----",
    r"AKIA" + r"[0-9A-Z]{16}",
    r"ghp_" + r"[0-9A-Za-z]{36}",
]
KINDS = {
    "registry host": REGISTRIES,
    "index line": INDEX_LINES,
    "path of one machine": MACHINE_PATHS,
    "secret": SECRETS,
}
NOWHERE = re.compile(r"https?://[\w.-]+\.invalid\b")
"""RFC 2606 keeps this domain unresolvable: what tests of refusals may name."""
MAX_FILE_BYTES = 1_000_000


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return tuple(p for p in paths if p.is_file())


@cache
def text_of(path: Path) -> str:
    raw = path.read_bytes()
    return "" if b"\0" in raw[:8000] else raw.decode("utf-8", errors="replace")


def findings(patterns: list[str], text: str) -> list[tuple[int, str]]:
    rule = re.compile("|".join(f"(?:{p})" for p in patterns))
    lines = ((n, x) for n, x in enumerate(text.splitlines(), 1) if not NOWHERE.search(x))
    return [(n, x.strip()[:120]) for n, x in lines if rule.search(x)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_tracked_file_contains(kind: str) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing is tracked")
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in tracked()
        for line, text in findings(KINDS[kind], text_of(path))
    ]
    assert found == [], f"{kind} in tracked files"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("registry host", "see https://" + "pypi" + ".org/simple/"),
        ("index line", "--" + "index-url https://mirror/simple"),
        ("index line", '  "resolved": "' + 'https://host/x.tgz",'),
        ("path of one machine", "cd /" + "home/ada/project"),
        ("secret", "-----BEGIN EC PRIVATE" + " KEY-----"),
    ],
)
def test_the_search_finds_what_it_looks_for(kind: str, line: str) -> None:
    assert findings(KINDS[kind], "fine\n" + line) == [(2, line.strip())]


def test_an_address_that_leads_nowhere_is_no_registry() -> None:
    assert findings(INDEX_LINES, "--" + "index-url https://packages.invalid") == []


def test_no_tracked_file_is_large_or_holds_data_of_others() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing is tracked")
    names = [p.relative_to(ROOT).as_posix() for p in tracked()]
    assert [n for n in names if n.endswith((".inter", ".pkl", ".joblib", ".pt"))] == []
    assert [n for n in names if (ROOT / n).stat().st_size > MAX_FILE_BYTES] == []


def test_every_tracked_text_ends_with_one_newline() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing is tracked")
    kinds = (".py", ".md", ".toml", ".cff", ".sol", ".mjs")
    ours = [p for p in tracked() if p.suffix in kinds]
    wrong = [p for p in ours if text_of(p) and not re.search(r"[^\n]\n\Z", text_of(p))]
    assert [p.relative_to(ROOT).as_posix() for p in wrong] == []

"""The Makefile starts from nothing, explains itself, and hides nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = (
    "demo",
    "test",
    "interop",
    "check",
    "fmt",
    "bench",
    "docs",
    "contracts",
    "locks",
    "clean",
)


def make(*words: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *words],
        cwd=folder,
        env=env | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_prints_help() -> None:
    assert make().stdout == make("help").stdout != ""


@pytest.mark.parametrize("target", TARGETS)
def test_help_lists_the_target(target: str) -> None:
    assert re.search(rf"^  make {target}\s+\S", make("help").stdout, flags=re.MULTILINE)


def test_help_lists_every_explained_target_and_no_other() -> None:
    explained = re.findall(
        r"^([a-z-]+):.*  ## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE
    )
    assert re.findall(r"^  make ([\w-]+)", make("help").stdout, flags=re.MULTILINE) == explained


def test_without_a_fitting_python_the_error_says_what_to_do(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "uv.txt").touch()
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "make", "grep", "sed", "rm"):
        (tools / name).symlink_to(str(shutil.which(name)))
    old = tools / "python3"  # what a machine with an old Python has
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.1"\nexit 1\n')
    old.chmod(0o755)
    done = make(".venv/bin/python", folder=tmp_path, PATH=str(tools))
    assert done.returncode != 0
    assert "no Python 3.11" in done.stderr
    assert "python3 is Python 3.9.1" in done.stderr
    assert "hint:" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_environment_ignores_what_would_slow_or_bend_it(tmp_path: Path) -> None:
    probe = tmp_path / "probe.mk"
    probe.write_text("include Makefile\nprobe:\n\t@env\n")
    bent = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/x"}
    done = make("-f", str(probe), "probe", **bent, KEPT="1")
    names = {line.split("=", maxsplit=1)[0] for line in done.stdout.splitlines()}
    assert "KEPT" in names
    assert names.isdisjoint(bent)


def test_ci_runs_exactly_check_contracts_and_then_test() -> None:
    path = ROOT / ".ci" / "run"
    lines = [x for x in path.read_text().splitlines() if x and not x.startswith("#")]
    assert lines[0] == "set -euo pipefail"
    assert lines[-3:] == ["make check", "make contracts", "make test"]
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize("name", ["uv", "runtime", "dev", "bench", "contracts"])
def test_every_locked_package_has_a_version_and_a_hash(name: str) -> None:
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", entry), entry[:60]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:60]


@pytest.mark.parametrize("name", ["uv", "dev", "bench"])
def test_locks_agree_on_the_version_of_every_shared_package(name: str) -> None:
    def pins(lock: str) -> dict[str, str]:
        text = (ROOT / "locks" / f"{lock}.txt").read_text()
        return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, flags=re.MULTILINE))

    runtime, other = pins("runtime"), pins(name)
    assert {k: v for k, v in other.items() if k in runtime and runtime[k] != v} == {}

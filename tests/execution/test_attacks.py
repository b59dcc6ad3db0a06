"""The cage holds the fourteen attacks, a hole in it is seen, and without it nothing runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coopt_dag.cli.sandbox import table
from coopt_dag.errors import IsolationError
from coopt_dag.execution.bwrap_binary import find_bwrap
from coopt_dag.execution.cage_check import passed_before, refuse_broken, require_cage
from coopt_dag.execution.pool import BOOTSTRAP
from coopt_dag.execution.run import SNAKEFILE
from coopt_dag.execution.selftest import Report, Row
from tools.attack_test import NO_NAMESPACES

REPOSITORY = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
HIDDEN = {"COOPT_BWRAP": "/nonexistent/bwrap"}


def attack_test(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tools.attack_test", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == NO_NAMESPACES:
        pytest.skip(done.stderr)
    return done.returncode, done.stdout + done.stderr


def call(root: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=root, env=os.environ | more, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_every_attack_is_held_by_both_launchers_also_of_an_ordinary_user() -> None:
    code, text = attack_test()
    assert code == 0, text
    users = 2 if os.getuid() == 0 else 1
    assert text.count("fork: 14 of 14 held") == text.count("exec: 14 of 14 held") == users, text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("without", "attack"),
    [
        ("seccomp.install = lambda program: None", "mounts, namespaces, users, signals"),
        ("launch.gather = lambda out, to, limits: shutil.copytree(out, to)", "links and special"),
    ],
)
def test_a_wall_that_is_missing_is_told_as_broken(without: str, attack: str) -> None:
    # Below the repository, since /tmp is covered inside; one file a test runner.
    place = REPOSITORY / f".server-{os.getpid()}.py"
    place.write_text(
        "import runpy, shutil, sys\n"
        f"package = runpy.run_path({str(BOOTSTRAP)!r})\n"
        "package['load_package']()\n"
        "from coopt_dag.execution.harness import launch, seccomp, server\n"
        f"{without}\n"
        "sys.exit(server.main(sys.argv[2:]))\n"
    )
    try:
        code, text = attack_test(str(place))
    finally:
        place.unlink()
    assert code == IsolationError.exit_code
    row = next(line for line in text.splitlines() if attack in line)
    assert "BROKEN" in row, text


def test_a_broken_row_refuses_and_is_named_in_the_table() -> None:
    rows = (Row("network", "fork", held=False, detail="connected to this machine"),)
    report = Report(rows, {"fork": ["seccomp"]})
    assert any("BROKEN" in line for line in table(report))
    with pytest.raises(IsolationError, match="network") as caught:
        refuse_broken(report)
    assert "coopt doctor --sandbox" in caught.value.hint


@pytest.mark.slow
def test_a_pass_is_remembered_until_the_binary_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COOPT_CACHE", str(tmp_path))
    require_cage()
    assert "testing the cage" in capfd.readouterr().err
    require_cage()
    assert capfd.readouterr().err == ""
    copy = tmp_path / "bwrap"
    copy.write_bytes(find_bwrap().read_bytes())
    copy.chmod(0o755)
    assert passed_before(find_bwrap())
    assert not passed_before(copy)


def test_without_bubblewrap_a_run_is_refused_with_the_next_move(workspace: Path) -> None:
    done = call(workspace, sys.executable, "-m", "coopt_dag.cli", "run", "tiny", **HIDDEN)
    assert done.returncode == IsolationError.exit_code
    assert "no bubblewrap" in done.stderr
    assert "hint: reinstall coopt-dag" in done.stderr
    assert not list(workspace.glob("store/*/*/manifest.json"))


def test_without_bubblewrap_doctor_refuses_too(workspace: Path) -> None:
    words = (sys.executable, "-m", "coopt_dag.cli", "doctor", "--sandbox", "--json")
    assert call(workspace, *words, **HIDDEN).returncode == IsolationError.exit_code


@pytest.mark.slow
def test_plain_snakemake_has_the_same_cage_and_the_same_refusal(workspace: Path) -> None:
    (workspace / "workflows").mkdir(exist_ok=True)
    (workspace / "workflows" / "Snakefile").write_text(SNAKEFILE.read_text())
    words = (str(BIN / "snakemake"), "-s", "workflows/Snakefile", "--cores", "2")
    words += ("--config", "challenge=tiny")
    refused = call(workspace, *words, **HIDDEN)
    assert refused.returncode != 0
    assert "no bubblewrap" in refused.stderr + refused.stdout
    assert not list(workspace.glob("store/*/*/manifest.json"))
    assert call(workspace, *words).returncode == 0
    plain = isolation(workspace)
    for room in ("store", ".coopt"):
        call(workspace, "/bin/sh", "-c", f"chmod -R u+w {room}; rm -rf {room}")
    assert call(workspace, sys.executable, "-m", "coopt_dag.cli", "run", "tiny").returncode == 0
    assert plain
    assert isolation(workspace) == plain


def isolation(root: Path) -> list[str]:
    manifests = (json.loads(p.read_text()) for p in root.glob("store/*/*/manifest.json"))
    return sorted(json.dumps([m["key"], m["isolation"]], sort_keys=True) for m in manifests)

"""Plain Snakemake does the same work and leaves the same bytes as `coopt run`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coopt_dag.execution.run import SNAKEFILE
from tests.workspaces import tiny

BIN = Path(sys.executable).parent


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes()
        for room in ("store", "results")
        for p in (root / room).rglob("*")
        if p.is_file() and p.name != ".lock"
    }


def plain(root: Path, *words: str) -> str:
    (root / "workflows").mkdir(exist_ok=True)
    (root / "workflows" / "Snakefile").write_text(SNAKEFILE.read_text())
    done = subprocess.run(
        [
            *(str(BIN / "snakemake"), "-s", "workflows/Snakefile", "--cores", "2"),
            *("--config", "challenge=tiny", *words),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tiny(tmp_path_factory.mktemp("ours") / "tiny")
    subprocess.run([sys.executable, "-m", "coopt_dag.cli", "run", "tiny"], cwd=root, check=True)
    return root


def test_plain_snakemake_leaves_the_same_bytes_as_coopt_run(ours: Path, tmp_path: Path) -> None:
    root = tiny(tmp_path / "tiny")
    plain(root)
    assert contents(root) == contents(ours)
    assert "Nothing to be done" in plain(root)


def test_the_warm_executor_leaves_the_same_bytes_too(ours: Path, tmp_path: Path) -> None:
    root = tiny(tmp_path / "tiny")
    plain(root, "--executor", "coopt")
    assert contents(root) == contents(ours)


def test_results_follow_an_edit_and_its_undoing(tmp_path: Path) -> None:
    root = tiny(tmp_path / "tiny")
    plain(root)
    first = (root / "results/tiny.json").read_bytes()
    code = root / "steps/tiny/add/baseline/run.py"
    text = code.read_text()
    code.write_text(text + "\n# edited\n")
    plain(root)
    assert (root / "results/tiny.json").read_bytes() != first
    code.write_text(text)
    plain(root)
    assert (root / "results/tiny.json").read_bytes() == first


def test_the_committed_snakefile_is_the_packaged_one() -> None:
    here = Path(__file__).parents[2] / "workflows" / "Snakefile"
    assert here.read_text() == SNAKEFILE.read_text()

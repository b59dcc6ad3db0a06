"""A solution's own packages are a stranger's code: nothing of them is obeyed outside the cage."""

from __future__ import annotations

import base64
import hashlib
import shlex
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from coopt_dag.execution.environments import cache_folder
from coopt_dag.execution.harness.publish import discard
from coopt_dag.execution.planning import plan_for
from coopt_dag.execution.request import Request
from coopt_dag.execution.run import run
from coopt_dag.execution.workflow import command_of, write_orders
from coopt_dag.specs.workspace import find_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level

SOLVE = """import visitor

def solve(inputs, *, params, rng):
    return {"total": {"value": sum(inputs["numbers"]["values"]) + visitor.ONE}}
"""


def wheel(folder: Path, mark: Path) -> str:
    """Make a wheel that marks every Python that starts with it; give its sha256."""
    obey = f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n"
    files = {
        "visitor.py": "ONE = 1\n",
        "visitor.pth": obey,
        "sitecustomize.py": obey,
        "visitor-1.0.data/data/pyvenv.cfg": "home = /nowhere\n",
        "visitor-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: visitor\nVersion: 1.0\n",
        "visitor-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "visitor-1.0.dist-info/RECORD"
    rows = [f"{name},sha256={_hash(text)},{len(text)}" for name, text in files.items()]
    path = folder / "visitor-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(record, "\n".join([*rows, f"{record},,", ""]))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture
def mark(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file that the visitor touches where it is obeyed; a solution brings it along."""
    found = tmp_path / "obeyed"
    wheels, cache = tmp_path / "wheels", tmp_path / "cache"
    wheels.mkdir()
    cache.mkdir()
    (cache / "cage").symlink_to(cache_folder() / "cage")  # tested once per boot is enough
    for name, value in {
        "COOPT_CACHE": str(cache),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_FIND_LINKS": str(wheels),
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    own = workspace / "steps/tiny/add/solutions/all_of_them"
    (own / "own.lock").write_text(f"visitor==1.0 --hash=sha256:{wheel(wheels, found)}\n")
    (own / "run.py").write_text(SOLVE)
    with (own / "solution.yaml").open("a") as file:
        file.write("environment: own.lock\n")
    return found


@pytest.mark.parametrize("cage", ["strong", "weak"])
def test_packages_of_a_solutions_own_lock_are_obeyed_in_the_cage_only(
    workspace: Path, mark: Path, cage: Level
) -> None:
    loaded = find_workspace(workspace)
    plan, path = plan_for(loaded, Request("tiny", {"add": "all_of_them"}))
    outcome = run(plan, loaded.root, path, cores=2, cage=cage)
    assert outcome.executed == 4  # so what it needs of its package was there
    assert not mark.exists()


def test_plain_snakemake_starts_nothing_of_them_either(workspace: Path, mark: Path) -> None:
    loaded = find_workspace(workspace)
    plan, path = plan_for(loaded, Request("tiny", {"add": "all_of_them"}))
    run(plan, loaded.root, path, cores=2)
    key = next(k for k, n in plan["nodes"].items() if n["step"] == "add" and not n.get("metric"))
    node = next((workspace / "store").glob(f"add/{key}"))
    discard(node)
    write_orders(plan, workspace, [key])
    command = shlex.split(command_of(plan, workspace, key))
    subprocess.run(command, cwd=workspace, check=True)
    assert (node / "total.json").is_file()
    assert not mark.exists()

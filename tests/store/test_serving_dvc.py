"""DVC as anybody has it, with an http remote, pulls a folder from the gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coopt_dag.store.folders import add_path, cid_of
from coopt_dag.store.local import LocalStore
from coopt_dag.store.serving.server import background

FILES = 300


def dvc(folder: Path, *words: str) -> None:
    folder.mkdir(exist_ok=True)
    env = os.environ | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder / ".site")}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)


@pytest.mark.slow
def test_stock_dvc_pulls_from_a_cid_over_plain_http(tmp_path: Path) -> None:
    one, two, remote = tmp_path / "one", tmp_path / "two", tmp_path / "remote"
    dvc(one, "init", "--no-scm", "--quiet")
    (one / "data").mkdir()
    for n in range(FILES):
        (one / "data" / f"{n}.txt").write_text(f"{n}\n" * 100)
    (one / "data" / "big").write_bytes(os.urandom(3_000_000))
    dvc(one, "add", "--quiet", "data")
    dvc(one, "remote", "add", "--quiet", "-d", "there", str(remote))
    dvc(one, "push", "--quiet")
    store = LocalStore(tmp_path / "store", durable=False)
    cid = add_path(store, remote)
    with background(store) as url:
        dvc(two, "init", "--no-scm", "--quiet")
        dvc(two, "remote", "add", "--quiet", "-d", "there", f"{url}/ipfs/{cid}")
        (two / "data.dvc").write_bytes((one / "data.dvc").read_bytes())
        dvc(two, "pull", "--quiet")
    assert cid_of(two / "data") == cid_of(one / "data")

"""DVC as anybody has it, with an http remote, pulls a folder from the gateway."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coopt_dag.store.folders import add_path, cid_of
from coopt_dag.store.local import LocalStore
from coopt_dag.store.serving.server import background
from tests.store.dvc_repositories import dvc

FILES = 300


@pytest.mark.slow
def test_stock_dvc_pulls_from_a_cid_over_plain_http(tmp_path: Path) -> None:
    one, two, remote = tmp_path / "one", tmp_path / "two", tmp_path / "remote"
    one.mkdir()
    two.mkdir()
    dvc(one, "init", "--no-scm", "--quiet", ours=False)
    (one / "data").mkdir()
    for n in range(FILES):
        (one / "data" / f"{n}.txt").write_text(f"{n}\n" * 100)
    (one / "data" / "big").write_bytes(os.urandom(3_000_000))
    dvc(one, "add", "--quiet", "data", ours=False)
    dvc(one, "remote", "add", "--quiet", "-d", "there", str(remote), ours=False)
    dvc(one, "push", "--quiet", ours=False)
    store = LocalStore(tmp_path / "store", durable=False)
    cid = add_path(store, remote)
    with background(store) as url:
        dvc(two, "init", "--no-scm", "--quiet", ours=False)
        dvc(two, "remote", "add", "--quiet", "-d", "there", f"{url}/ipfs/{cid}", ours=False)
        (two / "data.dvc").write_bytes((one / "data.dvc").read_bytes())
        dvc(two, "pull", "--quiet", ours=False)
    assert cid_of(two / "data") == cid_of(one / "data")

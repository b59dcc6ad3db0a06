"""The real DVC pushes to and pulls from a node that we did not write, by its RPC."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coopt_dag.store.folders import cid_of
from coopt_dag.store.remote.kubo import KuboStore
from coopt_dag.store.volume import Volume
from tests.interop.nodes import js_ipfs
from tests.store.dvc_repositories import dvc, fill, forget, repository, start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with js_ipfs(tmp_path_factory.mktemp("js-ipfs")) as url:
        yield url


def named(one: Path, name: str) -> None:
    """Give a repository a root of its own on the shared node."""
    dvc(one, "remote", "modify", "--local", "coopt", "url", f"ipfs://{name}")


def test_push_status_gc_and_pull_work_over_rpc(tmp_path: Path, api: str) -> None:
    one = repository(tmp_path / "one", None, api=api)
    named(one, "plain")
    with KuboStore(api) as node:
        pins = node.pins()  # js-ipfs comes with some of its own
    fill(one / "data", files=30, seed=21)
    dvc(one, "add", "--quiet", "data")
    before = cid_of(one / "data")
    assert "32 files pushed" in dvc(one, "push")
    assert "up to date" in dvc(one, "push")
    (one / "data" / "0.bin").write_bytes(b"other")
    dvc(one, "add", "--quiet", "data")
    dvc(one, "push", "--quiet")
    dvc(one, "gc", "--workspace", "--cloud", "--force")
    with KuboStore(api) as node:
        assert len(node.heads("plain")) == 1
        assert len(list(Volume(node, "plain").tree().files())) == 32
        assert node.pins() == pins  # what held each push until it was named is let go
    after = cid_of(one / "data")
    assert after != before
    forget(one, "data")
    dvc(one, "pull", "--quiet")
    assert cid_of(one / "data") == after


def test_two_simultaneous_pushes_to_one_node_are_both_there(tmp_path: Path, api: str) -> None:
    ones = [repository(tmp_path / f"r{n}", None, api=api) for n in range(2)]
    for n, one in enumerate(ones):
        named(one, "both")
        fill(one / "data", files=10, seed=30 + n)
        dvc(one, "add", "--quiet", "data")
    before = [cid_of(one / "data") for one in ones]
    pushes = [start(one, "push") for one in ones]
    said = [push.communicate(timeout=120) for push in pushes]
    assert [push.returncode for push in pushes] == [0, 0], said
    for one, cid in zip(ones, before, strict=True):
        forget(one, "data")
        dvc(one, "pull", "--quiet")
        assert cid_of(one / "data") == cid


@pytest.mark.kill
def test_a_killed_push_over_rpc_is_taken_up_again(tmp_path: Path) -> None:
    with js_ipfs(tmp_path / "node") as api:
        one = repository(tmp_path / "one", None, api=api)
        fill(one / "data", files=40, seed=41)
        dvc(one, "add", "--quiet", "data")
        before = cid_of(one / "data")
        for delay_s in (0.6, 0.75, 0.9, 1.1):
            process = start(one, "push")
            time.sleep(delay_s)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    # js-ipfs itself may hang in its file tree when clients vanish; its operator starts it again
    with js_ipfs(tmp_path / "node") as api:
        dvc(one, "remote", "modify", "--local", "coopt", "api", api)
        dvc(one, "push")
        forget(one, "data")
        dvc(one, "pull", "--quiet")
    assert cid_of(one / "data") == before

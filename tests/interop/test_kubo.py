"""Kubo 0.22, the real one, and we read each other's blocks; our CIDs are what it stores."""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coopt_dag.store.folders import add_path, cid_of, fetch_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.profile import UNIXFS_V0_2015
from tests.interop.content import SIZES, crowded, files, nested
from tests.interop.nodes import HERE


def kubo(*words: str | Path, wait_s: float = 60) -> object:
    """One call of Kubo, in a process of its own: the library can neither be stopped nor forked."""
    command = [sys.executable, str(HERE / "kubo_peer.py"), *map(str, words)]
    folder = Path(words[1]).parent  # the library writes its log into the current folder
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=wait_s, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def same(one: Path, two: Path) -> bool:
    """Compare bytes, of folders with everything below."""
    if one.is_file():
        return filecmp.cmp(one, two, shallow=False)
    names = sorted(path.name for path in one.iterdir())
    if names != sorted(path.name for path in two.iterdir()):
        return False
    return all(same(one / name, two / name) for name in names)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    nested(folder / "nested")
    crowded(folder / "crowded")
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    assert kubo("init", tmp_path / "repo")
    return tmp_path / "repo"


def laid_out_as_by_kubo(root: Path) -> LocalStore:
    """A store of ours in a folder whose layout is Kubo's default, next-to-last/2."""
    (root / "blocks").mkdir(parents=True)
    (root / "blocks" / "SHARDING").write_text("/repo/flatfs/shard/v1/next-to-last/2\n")
    return LocalStore(root)


def given(store: LocalStore, repo: Path) -> None:
    """Our folder of blocks is Kubo's: the same names, the same layout."""
    shutil.copytree(store.root / "blocks", repo / "blocks", dirs_exist_ok=True)


@pytest.mark.parametrize("name", ["nested/large", "nested", "crowded"])
def test_kubo_reads_our_block_folder(name: str, content: Path, repo: Path, tmp_path: Path) -> None:
    store = laid_out_as_by_kubo(tmp_path / "store")
    cid = add_path(store, content / name)
    given(store, repo)
    assert kubo("read", repo, cid, tmp_path / "out")
    assert same(content / name, tmp_path / "out")


def test_two_kubo_nodes_exchange_our_blocks(content: Path, repo: Path, tmp_path: Path) -> None:
    store = laid_out_as_by_kubo(tmp_path / "store")
    cid = add_path(store, content / "nested")
    given(store, repo)
    other = tmp_path / "other"
    kubo("init", other)
    assert kubo("swap", repo, other, cid, tmp_path / "out")
    assert same(content / "nested", tmp_path / "out")
    arrived = {path.name: path.read_bytes() for path in (other / "blocks").glob("*/*.data")}
    ours = {path.name: path.read_bytes() for path in (store.root / "blocks").glob("*/*.data")}
    assert {name: arrived.get(name) for name in ours} == ours


def test_we_read_what_kubo_added_in_its_own_way(content: Path, repo: Path, tmp_path: Path) -> None:
    large = content / "nested" / "large"
    [cid] = kubo("add", repo, large)
    store = laid_out_as_by_kubo(tmp_path / "store")
    shutil.copytree(repo / "blocks", store.root / "blocks", dirs_exist_ok=True)
    assert fetch_path(store, cid, tmp_path / "out")
    assert same(large, tmp_path / "out")


def test_kubo_s_own_cids_are_ours_under_the_old_profile(
    content: Path, repo: Path, tmp_path: Path
) -> None:
    folder = files(tmp_path)
    paths = [folder / name for name in SIZES]
    assert kubo("add", repo, *paths) == [cid_of(path, profile=UNIXFS_V0_2015) for path in paths]

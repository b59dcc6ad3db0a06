"""`ipfs://` as a remote of the real, unmodified DVC, over the embedded store."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coopt_dag.store.folders import cid_of
from coopt_dag.store.local import LocalStore
from coopt_dag.store.volume import Volume
from tests.store.dvc_repositories import dvc, environment, fill, forget, git, repository, start

REPOSITORY = Path(__file__).parents[2]


def with_own_mounts(one: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a mount namespace of its own, where it may mount a real small disk."""
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script],
        cwd=one,
        env=environment(one),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stderr.startswith("unshare"):
        pytest.skip(f"no mount namespaces here: {done.stderr.strip()}")
    return done


def test_without_dvc_an_interpreter_imports_nothing_of_ours_but_the_hook() -> None:
    code = "import sys; print(sorted(m for m in sys.modules if m.startswith('coopt_dag')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['coopt_dag_dvc_hook']"


def test_without_our_package_dvc_refuses_the_url_so_it_is_never_committed(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    assert "Unsupported URL type ipfs://" in dvc(one, "push", ours=False, fails=True)
    assert "ipfs" not in (one / ".dvc" / "config").read_text()


def test_what_was_pushed_is_pulled_identically(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    fill(one / "data", files=60, seed=1)
    (one / "empty").write_bytes(b"")
    dvc(one, "add", "--quiet", "data", "empty")
    before = cid_of(one / "data")
    # 61 files, the listing of the folder, and the empty file
    assert "63 files pushed" in dvc(one, "push")
    assert "up to date" in dvc(one, "push")
    assert "in sync" in dvc(one, "status", "-c")
    forget(one, "data", "empty")
    assert "not in cache" in dvc(one, "status")
    dvc(one, "pull")
    assert cid_of(one / "data") == before
    assert (one / "empty").read_bytes() == b""


def test_fetch_status_and_gc_know_what_the_remote_has(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    fill(one / "data", files=5, seed=2)
    dvc(one, "add", "--quiet", "data")
    dvc(one, "push", "--quiet")
    old = set(Volume(LocalStore(tmp_path / "store"), "artifacts").tree().files())
    (one / "data" / "0.bin").write_bytes(b"other")
    dvc(one, "add", "--quiet", "data")
    assert "new:" in dvc(one, "status", "-c")
    dvc(one, "push", "--quiet")
    dvc(one, "gc", "--workspace", "--cloud", "--force")
    left = set(Volume(LocalStore(tmp_path / "store"), "artifacts").tree().files())
    assert len(old - left) == 2  # the old file and the old listing
    assert len(left) == 7
    shutil.rmtree(one / ".dvc" / "cache")
    assert "7 files fetched" in dvc(one, "fetch")
    LocalStore(tmp_path / "store").collect()
    forget(one, "data")
    dvc(one, "pull", "--quiet")
    assert (one / "data" / "0.bin").read_bytes() == b"other"


def test_others_get_and_import_from_such_a_repository(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    fill(one / "data", files=4, seed=3)
    dvc(one, "add", "--quiet", "data")
    dvc(one, "push", "--quiet")
    git(one, "add", ".")
    git(one, "commit", "--quiet", "-m", "data")
    before = cid_of(one / "data")
    forget(one, "data")
    two = repository(tmp_path / "two", tmp_path / "other")
    dvc(two, "get", str(one), "data", "-o", "got")
    dvc(two, "import", str(one), "data", "-o", "imported")
    assert cid_of(two / "got") == cid_of(two / "imported") == before


def test_a_remote_below_a_folder_of_a_root_works_too(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    dvc(one, "remote", "modify", "--local", "coopt", "url", "ipfs://artifacts/mine/here")
    (one / "a").write_text("a")
    dvc(one, "add", "--quiet", "a")
    dvc(one, "push", "--quiet")
    (path,) = Volume(LocalStore(tmp_path / "store"), "artifacts").tree().files()
    assert path.startswith("mine/here/files/md5/")
    forget(one, "a")
    dvc(one, "pull", "--quiet")
    assert (one / "a").read_text() == "a"


@pytest.mark.slow
def test_eight_simultaneous_pushes_are_all_there_afterwards(tmp_path: Path) -> None:
    ones = [repository(tmp_path / f"r{n}", tmp_path / "store") for n in range(8)]
    for n, one in enumerate(ones):
        fill(one / "data", files=20, seed=100 + n)
        dvc(one, "add", "--quiet", "data")
    before = [cid_of(one / "data") for one in ones]
    pushes = [start(one, "push") for one in ones]
    said = [push.communicate(timeout=300) for push in pushes]
    assert [push.returncode for push in pushes] == [0] * 8, said
    files = list(Volume(LocalStore(tmp_path / "store"), "artifacts").tree().files())
    assert len(files) == 8 * 22
    for one, cid in zip(ones, before, strict=True):
        forget(one, "data")
        dvc(one, "pull", "--quiet")
        assert cid_of(one / "data") == cid


@pytest.mark.slow
@pytest.mark.kill
def test_pushes_and_pulls_killed_at_any_point_are_taken_up_again(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    fill(one / "data", files=150, seed=7)
    dvc(one, "add", "--quiet", "data")
    before = cid_of(one / "data")
    dice = random.Random(1)
    acknowledged: set[str] = set()
    for _ in range(20):
        process = start(one, "push")
        time.sleep(dice.uniform(0.35, 0.9))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        there = set(Volume(LocalStore(tmp_path / "store"), "artifacts").tree().files())
        assert acknowledged <= there
        acknowledged = there
    dvc(one, "push")
    assert len(set(Volume(LocalStore(tmp_path / "store"), "artifacts").tree().files())) == 152
    shutil.rmtree(one / ".dvc" / "cache")
    shutil.rmtree(one / "data")
    for _ in range(20):
        process = start(one, "pull")
        time.sleep(dice.uniform(0.35, 0.9))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    for lock in (one / ".dvc" / "tmp").glob("*lock*"):  # DVC's own, of the killed one
        if lock.is_file():
            lock.unlink()
    first = start(one, "pull", "--force")
    first.communicate(timeout=300)
    if first.returncode != 0:
        # A killed DVC can believe of its own cache what is not so; then that cache has to go.
        shutil.rmtree(one / ".dvc" / "cache")
        shutil.rmtree(one / ".dvc" / "tmp", ignore_errors=True)
        dvc(one, "pull", "--force")
    assert cid_of(one / "data") == before


def test_a_damaged_block_is_named_on_pull_and_mended_by_push_verify(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    (one / "coopt.toml").write_text('schema = "coopt/workspace/1"\nname = "one"\n')
    fill(one / "data", files=3, seed=9)
    dvc(one, "add", "--quiet", "data")
    dvc(one, "push", "--quiet")
    store = LocalStore(tmp_path / "store")
    thing = Volume(store, "artifacts").entry(_place_of(one / "data" / "1.bin"))
    assert thing is not None
    damaged = bytearray(store.get(thing.cid))
    damaged[5] ^= 1
    store.path_of(thing.cid).write_bytes(damaged)
    whole = tmp_path / "whole"
    shutil.copytree(one / ".dvc" / "cache", whole)
    forget(one, "data")
    said = dvc(one, "pull", fails=True)
    assert str(thing.cid) in said
    assert "add the original again" in said
    assert not list((one / ".dvc" / "cache").rglob("*.tmp"))
    shutil.rmtree(one / ".dvc" / "cache")
    shutil.copytree(whole, one / ".dvc" / "cache")
    done = subprocess.run(
        [sys.executable, "-m", "coopt_dag.cli", "artifacts", "push", "--verify"],
        cwd=one,
        env=environment(one) | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    forget(one)
    dvc(one, "pull", "--quiet")
    assert (one / "data" / "1.bin").is_file()


def _place_of(path: Path) -> str:
    import hashlib

    oid = hashlib.md5(path.read_bytes()).hexdigest()
    return f"files/md5/{oid[:2]}/{oid[2:]}"


def test_a_full_disk_fails_the_push_with_a_hint_and_loses_nothing(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "small" / "store")
    (tmp_path / "small").mkdir()
    fill(one / "data", files=3, seed=11)
    dvc(one, "add", "--quiet", "data")
    script = (
        f"mount -t tmpfs -o size=1m none {tmp_path}/small && {sys.executable} -m dvc push; "
        f"echo exit $?; mount -o remount,size=20m {tmp_path}/small && {sys.executable} -m dvc push"
    )
    done = with_own_mounts(one, script)
    assert "No space left on device" in done.stderr
    assert "free space" in done.stderr
    assert "exit 0" not in done.stdout
    assert "files pushed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"store": "relative/folder"}, "no absolute path"),
        ({"store": "/nowhere/at/all/store"}, "is not there"),
        ({"api": "http://127.0.0.1:9"}, "cannot be reached"),
        ({}, "is in no workspace"),
    ],
)
def test_a_place_that_cannot_be_used_is_told_with_the_next_move(
    tmp_path: Path, options: dict[str, str], why: str
) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    dvc(one, "remote", "modify", "--local", "--unset", "coopt", "store")
    for name, value in options.items():
        dvc(one, "remote", "modify", "--local", "coopt", name, value)
    (one / "a").write_text("a")
    dvc(one, "add", "--quiet", "a")
    said = dvc(one, "push", fails=True)
    assert why in said
    assert "hint: " in said
    assert "Traceback" not in said


def test_in_a_workspace_the_remote_needs_no_option(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "unused")
    dvc(one, "remote", "modify", "--local", "--unset", "coopt", "store")
    (one / "coopt.toml").write_text('schema = "coopt/workspace/1"\nname = "one"\n')
    (one / "sub").mkdir()
    (one / "a").write_text("a")
    dvc(one, "add", "--quiet", "a")
    dvc(one / "sub", "push", "--quiet")
    assert LocalStore(one / ".coopt" / "content-store").names() == ["artifacts"]


def test_a_full_disk_on_the_way_back_leaves_no_object_cut_short(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    (one / "a").write_bytes(random.Random(5).randbytes(700_000))
    dvc(one, "add", "--quiet", "a")
    dvc(one, "push", "--quiet")
    forget(one, "a")
    (one / ".dvc" / "cache").mkdir()
    script = (
        f"mount -t tmpfs -o size=400k none {one}/.dvc/cache && {sys.executable} -m dvc fetch; "
        f"echo exit $?; find {one}/.dvc/cache -size +300k -type f"
    )
    done = with_own_mounts(one, script)
    assert "No space left on device" in done.stderr
    assert "exit 0" not in done.stdout
    assert str(one) not in done.stdout, "an object that is not whole stayed in the cache"


def test_import_url_and_update_follow_a_file_of_such_a_remote(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    volume = Volume(LocalStore(tmp_path / "store"), "artifacts")
    volume.add([("shared/a.txt", b"first")])
    dvc(one, "import-url", "--quiet", "remote://coopt/shared/a.txt", "a.txt")
    assert (one / "a.txt").read_text() == "first"
    volume.add([("shared/a.txt", b"second")])
    dvc(one, "update", "--quiet", "a.txt.dvc")
    assert (one / "a.txt").read_text() == "second"


def test_a_file_that_vanished_keeps_the_others_of_its_batch_from_nothing(tmp_path: Path) -> None:
    from coopt_dag.store.dvc.filesystem import IpfsFileSystem

    fs = IpfsFileSystem(store=str(tmp_path / "store"))
    (tmp_path / "good").write_text("good")
    (tmp_path / "x.dir").write_text("not a listing of DVC")
    failed: list[str] = []
    from dvc_objects.fs import generic, localfs

    generic.transfer(
        localfs,
        [str(tmp_path / name) for name in ("good", "absent", "x.dir")],
        fs,
        ["/vol/good", "/vol/absent", "/vol/data/x.dir"],
        on_error=lambda source, _target, _error: failed.append(Path(source).name),
    )
    assert failed == ["absent"]
    assert set(fs.find("/vol")) == {"/vol/good", "/vol/data/x.dir"}
    assert list(fs.find("/vol/good")) == ["/vol/good"]
    with pytest.raises(IsADirectoryError):
        fs.cat_file("/vol/data")
    with pytest.raises(ZeroDivisionError), fs.open("/vol/half", "wb") as file:  # noqa: PT012
        file.write(b"half")
        raise ZeroDivisionError
    assert not fs.exists("/vol/half")


@pytest.mark.parametrize(
    "name", ["..", "-x", "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"]
)
def test_a_url_whose_name_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    one = repository(tmp_path / "one", tmp_path / "store")
    dvc(one, "remote", "modify", "--local", "coopt", "url", f"ipfs://{name}")
    (one / "a").write_text("a")
    dvc(one, "add", "--quiet", "a")
    assert dvc(one, "push", fails=True)
    assert not (tmp_path / "store").exists() or LocalStore(tmp_path / "store").names() == []

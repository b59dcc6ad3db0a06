"""The store on disk: damage, kill -9, several processes, full disks."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coopt_dag.errors import ContentMissingError, CooptError, IntegrityError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import add_path, cid_of, fetch_path
from coopt_dag.store.local import LocalStore

ADD = """
import sys
from pathlib import Path
from coopt_dag.store.folders import add_path
from coopt_dag.store.local import LocalStore
print("ready", flush=True)
sys.stdin.readline()
print(add_path(LocalStore(Path(sys.argv[1])), Path(sys.argv[2])), flush=True)
"""
REPOSITORY = Path(__file__).parents[2]


def adder(root: Path, what: Path) -> subprocess.Popen[str]:
    """A process that adds `what` as soon as it is given a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", ADD, str(root), str(what)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def block_files(root: Path) -> list[Path]:
    return sorted((root / "blocks").glob("*/*"))


def digest_in_name(path: Path) -> bytes:
    key = path.name.removesuffix(".data")
    return base64.b32decode(key + "=" * (-len(key) % 8))[2:]


def sample(folder: Path, *, files: int = 40, size: int = 30_000) -> Path:
    for n in range(files):
        part = folder / f"part{n % 4}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"{n}.bin").write_bytes(hashlib.sha256(bytes([n])).digest() * (size // 32))
    return folder


def test_one_flipped_bit_is_found_and_both_cid_and_file_are_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    cid = store.put(b"hits" * 100, Codec.RAW)
    path = store.path_of(cid)
    damaged = bytearray(path.read_bytes())
    damaged[7] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(IntegrityError, match=str(cid)) as caught:
        store.get(cid)
    assert caught.value.path == str(path)
    assert "add the original again" in caught.value.hint


def test_adding_again_repairs_a_damaged_block(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    cid = store.put(b"hits", Codec.RAW)
    store.path_of(cid).write_bytes(b"hit")
    store.put(b"hits", Codec.RAW)
    assert store.get(cid) == b"hits"


def test_content_that_is_there_is_not_written_twice(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    path = store.path_of(store.put(b"hits", Codec.RAW))
    before = path.stat()
    store.put(b"hits", Codec.RAW)
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_many_threads_may_open_a_new_store(tmp_path: Path) -> None:
    for n in range(50):
        with ThreadPoolExecutor(4) as pool:
            stores = list(pool.map(lambda _, n=n: LocalStore(tmp_path / str(n)), range(4)))
        cid = stores[0].put(b"hits", Codec.RAW)
        assert stores[3].get(cid) == b"hits"
        assert [p.name for p in (tmp_path / str(n) / "blocks").glob(".SHARDING*")] == []


def test_what_another_wrote_but_may_not_have_synced_is_synced_before_it_is_acknowledged(
    tmp_path: Path,
) -> None:
    # the first writer is killed between making its block visible and syncing it
    killed = (
        "import os, sys; from pathlib import Path\n"
        "import coopt_dag.store.local as local\n"
        "from coopt_dag.store.cid import Codec\n"
        "store = local.LocalStore(Path(sys.argv[1]))\n"
        "local.sync = lambda paths: os._exit(9)\n"
        "store.put(b'hits', Codec.RAW)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", killed, str(tmp_path)], cwd=REPOSITORY, check=False
    )
    assert done.returncode == 9
    again = (
        "import sys; from pathlib import Path\n"
        "import coopt_dag.store.local as local\n"
        "from coopt_dag.store.cid import Codec\n"
        "real = local.sync\n"
        "def told(paths):\n"
        "    print(sorted(p.suffix for p in paths)); real(paths)\n"
        "local.sync = told\n"
        "local.LocalStore(Path(sys.argv[1])).put(b'hits', Codec.RAW)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", again, str(tmp_path)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    assert ".data" in done.stdout


def test_the_folder_of_a_kubo_node_is_not_collected(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    cid = store.put(b"hits", Codec.RAW)
    (tmp_path / "datastore_spec").write_text("{}")
    with pytest.raises(CooptError, match="Kubo") as caught:
        store.collect()
    assert "ipfs repo gc" in caught.value.hint
    assert store.has(cid)


# Kubo's key of the empty block: base32 of the multihash (12 20 e3b0…b855), upper case
EMPTY = "CIQOHMGEIKMPYHAUTL57JSEZN64SIJ5OIHSGJG4TJSSJLGI3PBJLQVI"


def test_blocks_lie_as_flatfs_lays_them_out_and_a_file_says_how(tmp_path: Path) -> None:
    LocalStore(tmp_path).put(b"", Codec.RAW)
    assert (tmp_path / "blocks" / "V" / f"{EMPTY}.data").read_bytes() == b""
    text = "/repo/flatfs/shard/v1/next-to-last/1\n"
    assert (tmp_path / "blocks" / "SHARDING").read_text() == text


def test_a_folder_laid_out_by_kubo_is_read_and_written_its_way(tmp_path: Path) -> None:
    (tmp_path / "blocks" / "QV").mkdir(parents=True)
    (tmp_path / "blocks" / "SHARDING").write_text("/repo/flatfs/shard/v1/next-to-last/2")
    (tmp_path / "blocks" / "QV" / f"{EMPTY}.data").write_bytes(b"")
    store = LocalStore(tmp_path)
    assert store.get(CID.of(b"", Codec.RAW)) == b""
    assert len(store.path_of(store.put(b"hits", Codec.RAW)).parent.name) == 2
    assert store.collect().removed == 2


@pytest.mark.parametrize("text", ["", "/repo/flatfs/shard/v1/prefix/2\n", "next-to-last/2"])
def test_a_layout_that_we_do_not_know_is_refused_before_anything_is_misplaced(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "SHARDING").write_text(text)
    with pytest.raises(IntegrityError, match="no layout that we know"):
        LocalStore(tmp_path)


def test_threads_may_put_the_same_blocks_into_one_batch(tmp_path: Path) -> None:
    store = LocalStore(tmp_path, durable=False)
    blocks = [bytes([n]) * 200_000 for n in range(8)] * 8
    with store.batch() as put, ThreadPoolExecutor(4) as pool:
        cids = list(pool.map(lambda block: put(block, Codec.RAW), blocks))
    assert [store.get(cid) for cid in cids] == blocks
    assert len(block_files(tmp_path)) == 8


def test_nothing_stays_behind_in_staging(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    add_path(store, sample(tmp_path / "in", files=4))
    with pytest.raises(CooptError):
        add_path(store, tmp_path / "absent")
    assert not list((tmp_path / "staging").iterdir())


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CooptError, match="disk refuses") as caught:
        LocalStore(tmp_path / "file")
    assert caught.value.hint


def test_a_disk_that_fills_up_is_an_error_of_ours_and_leaves_nothing(tmp_path: Path) -> None:
    # RLIMIT_FSIZE makes the kernel refuse to write past 1000 bytes, as a full disk would
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from coopt_dag.errors import CooptError\n"
        "from coopt_dag.store.folders import add_bytes\n"
        "from coopt_dag.store.local import LocalStore\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: add_bytes(LocalStore(Path(sys.argv[1])), bytes(2000))\n"
        "except CooptError as error: print(error.hint)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "free space" in done.stdout
    assert not block_files(tmp_path)
    assert not list((tmp_path / "staging").iterdir())


@pytest.mark.kill
def test_kill_9_while_adding_leaves_only_whole_blocks(tmp_path: Path) -> None:
    what, root = sample(tmp_path / "in", files=120), tmp_path / "store"
    for delay_ms in range(0, 100, 5):  # 20 rounds
        process = adder(root, what)
        go(process)
        time.sleep(delay_ms / 1000)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        for path in block_files(root):
            assert hashlib.sha256(path.read_bytes()).digest() == digest_in_name(path)
    store = LocalStore(root)
    cid = add_path(store, what)
    assert cid_of(fetch_path(store, cid, tmp_path / "out")) == cid
    assert not list((root / "staging").iterdir())  # the dead ones' leftovers were swept


@pytest.mark.kill
def test_a_root_that_is_visible_is_whole_even_after_kill_9(tmp_path: Path) -> None:
    what, root = sample(tmp_path / "in", files=200, size=320), tmp_path / "store"
    expected = CID.parse(cid_of(what))
    for delay_ms in range(10, 130, 6):  # 20 rounds
        process = adder(root, what)
        go(process)
        time.sleep(delay_ms / 1000)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        store = LocalStore(root)
        if store.has(expected):
            fetch_path(store, str(expected), tmp_path / f"out{delay_ms}")
        for path in block_files(root):
            path.unlink()


def test_four_processes_may_add_the_same_folder_at_once(tmp_path: Path) -> None:
    what, root = sample(tmp_path / "in"), tmp_path / "store"
    processes = [adder(root, what) for _ in range(4)]
    for process in processes:
        go(process)
    cids = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert cids == {cid_of(what)}
    assert all(process.returncode == 0 for process in processes)
    fetch_path(LocalStore(root), cids.pop(), tmp_path / "out")


def test_a_staging_folder_in_use_is_not_swept_by_others(tmp_path: Path) -> None:
    with LocalStore(tmp_path).batch() as put:
        cid = put(b"slow", Codec.RAW)
        LocalStore(tmp_path).put(b"quick", Codec.RAW)
    assert LocalStore(tmp_path).get(cid) == b"slow"


def test_a_folder_that_lost_a_block_says_which(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    cid = add_path(store, sample(tmp_path / "in", files=4))
    lost = CID.of((tmp_path / "in" / "part2" / "2.bin").read_bytes(), Codec.RAW)
    store.path_of(lost).unlink()
    with pytest.raises(ContentMissingError, match=str(lost)):
        fetch_path(store, cid, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "store"]

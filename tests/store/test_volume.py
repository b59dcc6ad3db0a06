"""Named folders that many write at once: nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coopt_dag.errors import BusyError
from coopt_dag.store.cid import CID
from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.volume import Volume

REPOSITORY = Path(__file__).parents[2]

WRITE = """
import os, sys
from pathlib import Path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.volume import Volume
root, who, batches, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
volume = Volume(LocalStore(root, durable=False), "artifacts")
print("ready", flush=True)
sys.stdin.readline()
for batch in range(batches):
    paths = [f"files/md5/{n:02x}/{who}-{batch}" for n in range(size)]
    volume.add([(path, path.encode() * 50) for path in paths])
    print("\\n".join(paths), flush=True)
"""


def writer(root: Path, who: str, batches: int, size: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(root), who, str(batches), str(size)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def check(root: Path, acknowledged: set[str]) -> None:
    volume = Volume(LocalStore(root), "artifacts")
    there = set(volume.tree().files())
    assert acknowledged <= there
    for path in acknowledged:
        assert b"".join(volume.content(path)) == path.encode() * 50


@pytest.mark.parametrize("writers", [2, 8])
def test_all_files_of_simultaneous_writers_are_there_afterwards(
    tmp_path: Path, writers: int
) -> None:
    processes = [writer(tmp_path, f"w{n}", batches=6, size=5) for n in range(writers)]
    for process in processes:
        go(process)
    acknowledged = {x for p in processes for x in p.communicate(timeout=120)[0].split()}
    assert [p.returncode for p in processes] == [0] * writers
    assert len(acknowledged) == writers * 30
    check(tmp_path, acknowledged)


@pytest.mark.slow
@pytest.mark.kill
def test_eight_writers_of_which_some_are_killed_lose_nothing_acknowledged_in_20_rounds(
    tmp_path: Path,
) -> None:
    dice = random.Random(3)
    acknowledged: set[str] = set()
    for round_ in range(20):
        processes = [writer(tmp_path, f"r{round_}w{n}", batches=3, size=4) for n in range(8)]
        for process in processes:
            go(process)
        for victim in dice.sample(processes, 3):
            time.sleep(dice.uniform(0, 0.04))
            os.kill(victim.pid, signal.SIGKILL)
        for process in processes:
            told = process.communicate(timeout=120)[0]
            # a line cut by the kill was not acknowledged
            acknowledged |= {line for line in told.split("\n")[:-1] if line}
        there = set(Volume(LocalStore(tmp_path), "artifacts").tree().files())
        assert acknowledged <= there
    check(tmp_path, acknowledged)
    assert not list((tmp_path / "roots").glob("*.part"))


def test_a_name_that_others_always_move_first_is_given_up_with_an_error() -> None:
    class Racing(MemoryStore):
        def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
            return False

    with pytest.raises(BusyError) as caught:
        Volume(Racing(), "artifacts").add([("a", b"")])
    assert caught.value.hint


def test_who_loses_the_race_merges_and_tries_again() -> None:
    class Slow(MemoryStore):
        rivals = 3

        def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
            if self.rivals:
                self.rivals -= 1
                Volume(self, name).add([(f"rival{self.rivals}", b"theirs")])
                return False
            return super().move(name, old, new)

    store = Slow()
    Volume(store, "artifacts").add([("mine", b"mine")])
    found = set(Volume(store, "artifacts").tree().files())
    assert found == {"mine", "rival0", "rival1", "rival2"}


def test_what_is_there_already_moves_nothing(tmp_path: Path) -> None:
    volume = Volume(LocalStore(tmp_path), "artifacts")
    volume.add([("a", b"hits")])
    before = (tmp_path / "roots" / "artifacts").stat().st_mtime_ns
    volume.add([("a", b"hits")])
    assert (tmp_path / "roots" / "artifacts").stat().st_mtime_ns == before


def test_a_batch_with_a_file_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    volume = Volume(LocalStore(tmp_path / "store"), "artifacts")
    with pytest.raises(FileNotFoundError):
        volume.add([("a", b"hits"), ("b", tmp_path / "absent")])
    assert volume.tree(fresh=True).names("") == []


def test_progress_counts_every_byte_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(3_000_000))
    counts: dict[str, int] = {}

    def told(path: str, size_bytes: int) -> None:
        counts[path] = counts.get(path, 0) + size_bytes

    volume = Volume(LocalStore(tmp_path / "store"), "artifacts")
    volume.add([("a", b"hits"), ("b", tmp_path / "big")], told=told)
    assert counts == {"a": 4, "b": 3_000_000}


FULL = """
import sys
from pathlib import Path
from coopt_dag.errors import CooptError
from coopt_dag.store.local import LocalStore
from coopt_dag.store.volume import Volume
root = Path(sys.argv[1])
volume = Volume(LocalStore(root), "artifacts")
volume.add([("kept", b"kept")])
big = [(f"big{n}", bytes([n]) * 1_000_000) for n in range(20)]
try:
    volume.add(big)
except CooptError as error:
    print(error, "|", error.hint)
fresh = Volume(LocalStore(root), "artifacts")
print(list(fresh.tree().files()), b"".join(fresh.content("kept")))
print(sum(1 for _ in (root / "staging").iterdir()))
fresh.add([("small", b"small")])
print(list(Volume(LocalStore(root), "artifacts").tree().files()))
"""


def test_a_disk_that_is_full_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    # a real full disk: a file system of 8 MB in a mount namespace of its own
    script = (
        f"mount -t tmpfs -o size=8m none {tmp_path} && exec {sys.executable} -c '{FULL}' {tmp_path}"
    )
    unshare = ["unshare", "--mount", "--map-root-user"]
    done = subprocess.run(
        [*unshare, "sh", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if "unshare" in done.stderr:
        pytest.skip(f"no mount namespaces here: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    assert len(lines) == 4, done.stderr
    assert "No space left on device" in lines[0]
    assert "free space" in lines[0]
    assert lines[1] == "['kept'] b'kept'"
    assert lines[2] == "0"
    assert lines[3] == "['kept', 'small']"

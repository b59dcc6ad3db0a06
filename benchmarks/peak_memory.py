"""How much memory does a large file cost, over an interpreter that has imported all it needs?

python -m benchmarks.peak_memory hash|add|read SIZE_MIB FOLDER
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from coopt_dag.store.cid import CID
from coopt_dag.store.importer import import_file
from coopt_dag.store.local import LocalStore
from coopt_dag.store.reader import Reader

MIB = 1 << 20
ROOT = "root-cid"


class Counted(io.RawIOBase):
    """A stream of which no two MiB are equal, made while it is read."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0
        self._body = bytes(range(256)) * (MIB // 256 - 1)

    def read(self, size: int = -1, /) -> bytes:
        """Give at most one MiB, which begins with its own place."""
        piece = (self._at.to_bytes(256, "big") + self._body)[: min(size, self._size - self._at)]
        self._at += len(piece)
        return piece


def hash_only(size: int, _folder: Path) -> None:
    """Name the stream, keep nothing."""
    import_file(Counted(size), CID.of)


def add(size: int, folder: Path) -> None:
    """Put the stream into a store in `folder`."""
    with LocalStore(folder / "store", durable=False).batch() as put:
        cid = import_file(Counted(size), put).cid
    (folder / ROOT).write_text(str(cid))


def read(size: int, folder: Path) -> None:
    """Read back, verified, what `add` has put there."""
    reader = Reader(LocalStore(folder / "store", durable=False))
    root = CID.parse((folder / ROOT).read_text())
    if sum(len(piece) for piece in reader.content(reader.open(root))) != size:
        raise AssertionError("not all of it came back")


TASKS: dict[str, Callable[[int, Path], None]] = {"hash": hash_only, "add": add, "read": read}


def peak_mib() -> float:
    """Give the most memory that this process ever had (VmHWM: of it alone, not its parent)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("this system does not tell")


def measure(task: str, *, size_mib: int, folder: Path) -> float:
    """Run one task in an interpreter of its own; give the MiB that it took on top."""
    command = [sys.executable, "-m", "benchmarks.peak_memory", task, str(size_mib), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return float(done.stdout)


if __name__ == "__main__":
    name, mib, where = sys.argv[1:]
    LocalStore(Path(where) / "warm", durable=False)
    before = peak_mib()
    TASKS[name](int(mib) * MIB, Path(where))
    print(f"{peak_mib() - before:.2f}")

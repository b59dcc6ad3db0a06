"""How fast do bytes become CIDs and come back, against sha256 alone in the same run?

python -m benchmarks.bench_store
"""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from coopt_dag.store.folders import add_path, cid_of, fetch_path
from coopt_dag.store.local import LocalStore

MIB = 1 << 20


def measure(*, size_mib: int = 256, rounds: int = 5, files: int = 2000) -> dict[str, float]:
    """Give MB/s, files per second, and the ratio to hashlib; medians of interleaved rounds."""
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        big, small = here / "big", here / "small"
        with big.open("wb") as file:
            for _ in range(size_mib):
                file.write(os.urandom(MIB))
        small.mkdir()
        for n in range(files):
            (small / f"{n}.json").write_bytes(os.urandom(2000))
        spent: dict[str, list[float]] = {}
        for round_ in range(rounds):
            for name, seconds in _round(big, small, here / f"round{round_}"):
                spent.setdefault(name, []).append(seconds)
    megabytes = size_mib * MIB / 1e6
    figures = {
        f"{name}_mb_per_s": megabytes / statistics.median(times)
        for name, times in spent.items()
        if "small" not in name
    }
    figures |= {
        f"{name}_files_per_s": files / statistics.median(times)
        for name, times in spent.items()
        if "small" in name
    }
    pairs = zip(spent["sha256"], spent["cid_of"], strict=True)
    figures["cid_of_relative_to_sha256"] = statistics.median(a / b for a, b in pairs)
    return figures


def _round(big: Path, small: Path, here: Path) -> list[tuple[str, float]]:
    durable, quick = LocalStore(here / "durable"), LocalStore(here / "quick", durable=False)
    cid = cid_of(big)
    return [
        ("sha256", _seconds(lambda: _sha256(big))),
        ("cid_of", _seconds(lambda: cid_of(big))),
        ("add_durable", _seconds(lambda: add_path(durable, big))),
        ("add_not_synced", _seconds(lambda: add_path(quick, big))),
        ("fetch_verified", _seconds(lambda: fetch_path(durable, cid, here / "out"))),
        ("small_cid_of", _seconds(lambda: cid_of(small))),
        ("small_add_durable", _seconds(lambda: add_path(durable, small))),
        ("small_add_again", _seconds(lambda: add_path(durable, small))),
    ]


def _sha256(path: Path) -> None:
    """The floor: read a file in pieces of 1 MiB and hash each, as the leaves are."""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(MIB):
            hashlib.sha256(piece).digest()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<40}{value:>12.2f}")

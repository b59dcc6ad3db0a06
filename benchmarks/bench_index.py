"""How fast is a million events indexed, and how fast are boards and profiles read from them?

python -m benchmarks.bench_index [EVENTS]
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import long_history
from benchmarks.peak_memory import peak_mib
from coopt_dag.ledger.chainfile import ADDRESSES
from coopt_dag.ledger.index.book import Index
from coopt_dag.ledger.index.source import FileSource
from coopt_dag.report import indexed

PLACES = [
    (f"challenge_{c}", f"step_{s}")
    for c in range(long_history.CHALLENGES)
    for s in range(long_history.STEPS)
]
BUSY = PLACES[0]
"""A fifth of all submissions are to this step."""


def measure(*, events: int = 1_000_000, looks: int = 1000) -> dict[str, float]:
    """Give events a second, MiB of an own process, and milliseconds of pages."""
    with tempfile.TemporaryDirectory() as folder:
        chain, index = Path(folder) / "chain.sqlite", Path(folder) / "index.sqlite"
        long_history.write(chain, events)
        figures = {"events": float(events), "chain_mib": chain.stat().st_size / 2**20}
        for task in ("build", "read", "refresh"):
            command = [sys.executable, "-m", "benchmarks.bench_index", task]
            command += [str(chain), str(index), str(looks)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            figures |= json.loads(done.stdout)
    return figures


def _open(path: Path) -> Index:
    return Index(path, chain_id=1337, addresses=ADDRESSES)


def build(chain: Path, path: Path, _looks: int) -> dict[str, float]:
    """Index everything, from nothing, in this process."""
    source, start, used = _source(chain), time.perf_counter(), time.process_time()
    with closing(_open(path)) as index:
        index.refresh(source)
        count = index.count()
    seconds, used = time.perf_counter() - start, time.process_time() - used
    return {
        "build_s": seconds,
        "events_per_s": count / seconds,
        "events_per_cpu_s": count / used,
        "build_peak_mib": peak_mib(),
        "index_mib": path.stat().st_size / 2**20,
    }


def read(_chain: Path, path: Path, looks: int) -> dict[str, float]:
    """Read boards and profiles at random, and the busiest ones over and over."""
    rng = random.Random(7)
    with closing(_open(path)) as index:
        pages = index.pages

        def board(place: tuple[str, str]) -> None:
            with index.read():
                indexed.board(pages, *place, name_of=str, now=long_history.START)
                pages.newest(*place)
                pages.live_claims(*place, now=0)

        def profile(number: int) -> None:
            with index.read():
                indexed.profile(pages, long_history.person(number), name_of=str)

        people = range(long_history.PEOPLE)
        return {
            **_times("board", [lambda: board(rng.choice(PLACES))] * looks),
            **_times("busiest_board", [lambda: board(BUSY)] * looks),
            **_times("profile", [lambda: profile(rng.choice(people))] * looks),
            **_times("busiest_profile", [lambda: profile(0)] * looks),
            "read_peak_mib": peak_mib(),
        }


def refresh(chain: Path, path: Path, looks: int) -> dict[str, float]:
    """Open the index and see that nothing is new: what every command pays first."""

    def once() -> None:
        with closing(_open(path)) as index, closing(_source(chain)) as source:
            index.refresh(source)

    return _times("open_and_refresh", [once] * max(1, looks // 20))


def _source(chain: Path) -> FileSource:
    return FileSource(chain, addresses=ADDRESSES.values())


def _times(name: str, works: list[Callable[[], None]]) -> dict[str, float]:
    found, used = [], []
    for work in works:
        start, started = time.perf_counter(), time.process_time()
        work()
        found.append(1000 * (time.perf_counter() - start))
        used.append(1000 * (time.process_time() - started))
    rank = int(0.99 * (len(works) - 1))
    return {
        f"{name}_median_ms": statistics.median(found),
        f"{name}_p99_ms": sorted(found)[rank],
        # without the time in which other programs had the processor
        f"{name}_p99_cpu_ms": sorted(used)[rank],
    }


TASKS: dict[str, Any] = {"build": build, "read": read, "refresh": refresh}


def main() -> None:
    """Print the table, or run one task in this process."""
    name, *rest = [*sys.argv[1:], "1000000"]
    if name in TASKS:
        print(json.dumps(TASKS[name](Path(rest[0]), Path(rest[1]), int(rest[2]))))
        return
    for figure, value in measure(events=int(name)).items():
        print(f"{figure:28} {value:12.4g}")


if __name__ == "__main__":
    main()

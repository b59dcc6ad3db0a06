"""How fast do `dvc push` and `dvc pull` go over ipfs://, against DVC's own local-folder remote?

Peers in the same run, interleaved: DVC with a remote in a plain folder; and, for a node behind
an RPC, one `files/write` a file, which is what a file system over MFS does.

python -m benchmarks.bench_dvc
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SMALL, SMALL_BYTES = 1000, 2000
LARGE, LARGE_BYTES = 4, 50_000_000
RPC_SMALL, RPC_LARGE_BYTES = 300, 50_000_000
_SETTLE_S = 1.0
_PAIR = ("one_write_a_file", "push")
BARS = {"push": 1.3, "pull": 1.3, "push_again": 1.2}
"""Most that ipfs:// may take, as a multiple of the local-folder remote."""


def measure(*, rounds: int = 5) -> dict[str, Any]:
    """Give medians in seconds and ratios; the first round warms up and is left out."""
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        figures: dict[str, Any] = {"embedded_store": _embedded(here, rounds)}
        figures["rpc_of_js_ipfs"] = _rpc(here / "rpc", rounds=3)
    return figures


def _dvc(repository: Path, *words: str) -> None:
    env = os.environ | {
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(repository.parent / "site"),
    }
    subprocess.run(
        [sys.executable, "-m", "dvc", *words],
        cwd=repository,
        env=env,
        check=True,
        capture_output=True,
    )


def _repository(here: Path, *, small: int, large: int, large_bytes: int) -> Path:
    repository = here / "repository"
    (repository / "data").mkdir(parents=True)
    _dvc(repository, "init", "--no-scm", "-q")
    for n in range(small):
        (repository / "data" / str(n)).write_bytes(os.urandom(SMALL_BYTES))
    for n in range(large):
        (repository / "data" / f"large{n}").write_bytes(os.urandom(large_bytes))
    _dvc(repository, "add", "-q", "data")
    return repository


def _embedded(here: Path, rounds: int) -> dict[str, Any]:
    one = _repository(here, small=SMALL, large=LARGE, large_bytes=LARGE_BYTES)
    _dvc(one, "remote", "add", "-q", "ours", "ipfs://artifacts")
    _dvc(one, "remote", "modify", "ours", "store", str(here / "store"))
    _dvc(one, "remote", "add", "-q", "folder", str(here / "folder"))
    spent: dict[str, list[float]] = {}
    for round_ in range(rounds + 1):
        for place in ("store", "folder", "site"):
            _remove(here / place)
        names = ("ours", "folder") if round_ % 2 else ("folder", "ours")
        for what, work in _steps(one):
            for name in names:
                os.sync()  # neither pays for what the other has left to be written
                seconds = work(name)
                if round_:
                    spent.setdefault(f"{what}_{name}", []).append(seconds)
    figures: dict[str, Any] = {f"{k}_s": statistics.median(v) for k, v in spent.items()}
    for what, bar in BARS.items():
        pairs = zip(spent[f"{what}_ours"], spent[f"{what}_folder"], strict=True)
        figures[f"{what}_ratio (bar {bar})"] = statistics.median(a / b for a, b in pairs)
    return figures


def _steps(one: Path) -> list[tuple[str, Callable[[str], float]]]:
    def pull(name: str) -> float:
        _remove(one / ".dvc" / "cache", one / "data")
        return _seconds(lambda: _dvc(one, "pull", "-q", "-r", name))

    return [
        ("push", lambda name: _seconds(lambda: _dvc(one, "push", "-q", "-r", name))),
        ("push_again", lambda name: _seconds(lambda: _dvc(one, "push", "-q", "-r", name))),
        ("pull", pull),
    ]


def _rpc(here: Path, rounds: int) -> dict[str, Any]:
    if not (Path(__file__).parents[1] / "tests/interop/node_modules/.stamp").exists():
        return {"left out": "js-ipfs is not installed: make interop"}
    from tests.interop.nodes import js_ipfs

    one = _repository(here, small=RPC_SMALL, large=1, large_bytes=RPC_LARGE_BYTES)
    spent: dict[str, list[float]] = {"push": [], "pull": [], "one_write_a_file": []}
    with js_ipfs(here / "node") as api:
        for round_ in range(rounds):
            _dvc(one, "remote", "add", "-q", "-f", "ours", f"ipfs://round{round_}")
            _dvc(one, "remote", "modify", "ours", "api", api)
            spent["push"].append(_seconds(lambda: _dvc(one, "push", "-q", "-r", "ours")))
            files = [p for p in (one / ".dvc" / "cache").rglob("*") if p.is_file()]
            folder = f"/peer{round_}"
            spent["one_write_a_file"].append(_seconds(lambda: _write_each(api, folder, files)))  # noqa: B023
            shutil.rmtree(one / ".dvc" / "cache")
            shutil.rmtree(one / "data")
            spent["pull"].append(_seconds(lambda: _dvc(one, "pull", "-q", "-r", "ours")))
    figures: dict[str, Any] = {f"{k}_s": statistics.median(v) for k, v in spent.items()}
    # what DVC needs for itself, whatever the file system
    start_s = _seconds(lambda: _dvc(one, "version"))
    figures["dvc_start_s"] = start_s
    pairs = ((each + start_s, push) for each, push in zip(*(spent[k] for k in _PAIR), strict=True))
    figures["push_faster_than_one_write_a_file (bar 3)"] = statistics.median(
        a / b for a, b in pairs
    )
    return figures


def _write_each(api: str, folder: str, files: list[Path]) -> None:
    """The naive way: a request a file, four at a time, without DVC's own second of start."""
    import httpx

    def write(path: Path) -> None:
        place = f"{folder}/files/md5/{path.parent.name}/{path.name}"
        options = {"arg": place, "create": "true", "parents": "true", "raw-leaves": "true"}
        part = {"file": (path.name, path.read_bytes(), "application/octet-stream")}
        client.post("/api/v0/files/write", params=options, files=part).raise_for_status()

    with httpx.Client(base_url=api, timeout=120) as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(write, files))


def _remove(*folders: Path) -> None:
    """Remove, and let the disk finish with it: deleting goes on long after it has returned."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    os.sync()
    time.sleep(_SETTLE_S)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    from benchmarks.__main__ import show

    show(measure())

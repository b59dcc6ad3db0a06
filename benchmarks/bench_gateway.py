"""How fast does the gateway serve, against a plain file server in the same run?

python -m benchmarks.bench_gateway
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from coopt_dag.store.cid import Codec
from coopt_dag.store.folders import add_path
from coopt_dag.store.local import LocalStore

GATEWAY = """
import sys
from pathlib import Path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.serving.server import serve
serve(LocalStore(Path(sys.argv[1])), host="127.0.0.1", port=0,
      ready=lambda url: print(url, flush=True))
"""
FILES = """
import sys
from aiohttp import web
app = web.Application()
app.router.add_static("/", sys.argv[1])
async def tell(runner):
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("http://%s:%s" % runner.addresses[0], flush=True)
import asyncio
loop = asyncio.new_event_loop()
loop.run_until_complete(tell(web.AppRunner(app)))
loop.run_forever()
"""
SOCKET = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print("http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    with connection, open(sys.argv[1] + "/big", "rb", buffering=0) as file:
        connection.recv(4096)
        while piece := file.read(1 << 20):
            connection.sendall(piece)
"""
MB = 1_000_000
SMALL = 4096


def measure(*, size_mb: int = 50, rounds: int = 9, blocks: int = 500) -> dict[str, float]:
    """Give MB/s of a CAR and of its peers, and requests/s; medians of interleaved rounds."""
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        (here / "files").mkdir()
        big = here / "files" / "big"
        big.write_bytes(os.urandom(size_mb * MB))
        store = LocalStore(here / "store", durable=False)
        cid = add_path(store, big)
        with store.batch() as put:
            cids = [str(put(os.urandom(SMALL), Codec.RAW)) for _ in range(blocks)]
        tree = add_path(store, dvc_layout(here / "dvc", blocks))
        paths = [p.relative_to(here / "dvc").as_posix() for p in (here / "dvc").rglob("*/??/*")]
        with (
            served(GATEWAY, store.root) as gateway,
            served(FILES, big.parent) as files,
            served(SOCKET, big.parent) as plain,
        ):
            addresses = {
                "car": f"{gateway}/ipfs/{cid}?format=car",
                "file": f"{gateway}/ipfs/{cid}",
                "peer_aiohttp_sendfile": f"{files}/big",
                "peer_read_and_send": f"{plain}/big",
            }
            spent: dict[str, list[float]] = {name: [] for name in addresses}
            for _ in range(rounds):
                for name, address in addresses.items():
                    spent[name].append(seconds_of(address, at_least=size_mb * MB))
            raw = [f"{gateway}/ipfs/{cid}?format=raw" for cid in cids]
            files_by_path = [f"{gateway}/ipfs/{tree}/{path}" for path in paths]
            rates = [asyncio.run(at_once(raw)) for _ in range(3)]
            path_rates = [asyncio.run(at_once(files_by_path, clients=32)) for _ in range(3)]
    figures: dict[str, float] = {
        f"{name}_mb_per_s": size_mb / statistics.median(times) for name, times in spent.items()
    }
    pairs = zip(spent["peer_read_and_send"], spent["car"], strict=True)
    figures["car_relative_to_read_and_send"] = statistics.median(a / b for a, b in pairs)
    figures["parallel_requests"] = blocks
    figures["parallel_errors"] = sum(errors for errors, _ in rates + path_rates)
    figures["parallel_requests_per_s"] = statistics.median(rate for _, rate in rates)
    figures["dvc_paths_per_s"] = statistics.median(rate for _, rate in path_rates)
    return figures


def dvc_layout(folder: Path, files: int) -> Path:
    """Write small files as DVC lays out its objects: files/md5/xx/yyyy…, 256 folders of them."""
    for n in range(files):
        name = hashlib.sha256(b"%d" % n).hexdigest()[:32]
        path = folder / "files" / "md5" / name[:2] / name[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(SMALL))
    return folder


def seconds_of(address: str, *, at_least: int) -> float:
    """Read an answer to nowhere."""
    parts, buffer, got = urlsplit(address), bytearray(1 << 20), 0
    assert parts.hostname
    request = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    start = time.perf_counter()
    with socket.create_connection((parts.hostname, parts.port or 80)) as connection:
        connection.sendall(request.encode())
        while count := connection.recv_into(buffer):
            got += count
    assert got >= at_least, (address, got)
    return time.perf_counter() - start


async def at_once(addresses: list[str], *, clients: int | None = None) -> tuple[int, float]:
    """Ask for all at once, or by so many clients; give errors and requests/s."""

    async def one(client: aiohttp.ClientSession, address: str) -> bool:
        try:
            async with client.get(address) as answer:
                return answer.status == 200 and len(await answer.read()) == SMALL
        except aiohttp.ClientError:
            return False

    connector = aiohttp.TCPConnector(limit=clients or len(addresses))
    async with aiohttp.ClientSession(connector=connector) as client:
        start = time.perf_counter()
        fine = await asyncio.gather(*(one(client, address) for address in addresses))
        spent = time.perf_counter() - start
    return fine.count(False), len(addresses) / spent


@contextmanager
def served(script: str, folder: Path) -> Iterator[str]:
    """Run a server in a process of its own; its first line is its address."""
    words = [sys.executable, "-c", script, str(folder)]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<40}{value:>12.2f}")

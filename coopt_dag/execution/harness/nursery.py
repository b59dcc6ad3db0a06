"""Children that were forked ahead of their task, so that nobody waits for a fork.

Forking a warm server takes milliseconds. A spare child waits in the trusted code, as pid 1 of its
own namespace, and goes into its cage when the task has come.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from coopt_dag.execution.harness import cage, worker

_SPARES = 2
"""For the next run, and for the inspection of the present one."""


@dataclass(frozen=True, slots=True)
class Child:
    """A forked child that waits for its task, and our ends of what joins us."""

    pid: int
    orders: int
    said: int
    status: int

    def end(self) -> None:
        """End it before it got its task."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        for descriptor in (self.orders, self.said, self.status):
            os.close(descriptor)


@dataclass(slots=True)
class Nursery:
    """Makes children; `warden` None makes such as run uncaged."""

    warden: cage.Warden | None
    spares: deque[Child] = field(default_factory=deque)

    def take(self) -> Child:
        """Give a child: a spare one, or one forked now."""
        return self.spares.popleft() if self.spares else self._fork()

    @property
    def is_full(self) -> bool:
        """Tell whether there are spares enough."""
        return len(self.spares) >= _SPARES

    def refill(self) -> None:
        """Fork one spare child; for when there is nothing else to do."""
        self.spares.append(self._fork())

    def _fork(self) -> Child:
        said = os.memfd_create("said", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(said, worker.SAID_BYTES)
        fcntl.fcntl(said, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        orders, send = os.pipe()
        status, tell = os.pipe()
        pid = os.fork() if self.warden is None else cage.fork(self.warden)
        if pid == 0:
            worker.be_worker(worker.Ends(orders, said, tell), self.warden)
        os.close(orders)
        os.close(tell)
        if self.warden is not None:
            # Where memory runs out all the same, the kernel ends runs and never the server.
            Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="ascii")
        return Child(pid, send, said, status)

    def close(self) -> None:
        """End the spare children."""
        while self.spares:
            self.spares.popleft().end()

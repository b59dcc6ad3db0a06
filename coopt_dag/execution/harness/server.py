"""The warm node runner: imports once, forks a worker per node, publishes what they made.

One thread, so that forking is safe; it never imports or compiles a solution's code, holds no
secret, and ends with its parent (its standard input closes). It takes JSON lines
``{"id", "order"}`` on stdin and answers ``{"id", "error"}`` on stdout. A pipe that holds one
byte per slot is shared by the servers of one run, so that several environments together keep
to the number of cores.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coopt_dag.errors import IsolationError
from coopt_dag.execution.harness import cage, launch, watch
from coopt_dag.execution.harness.nursery import Nursery


@dataclass(slots=True)
class Server:
    """State of one server: what waits, what runs."""

    root: Path
    take_fd: int
    give_fd: int
    answers: Any
    wake_fd: int
    nursery: Nursery
    refused: IsolationError | None
    """Why this server cannot cage anything; it then runs nothing."""
    queue: deque[dict[str, Any]] = field(default_factory=deque)
    running: dict[int, tuple[Any, launch.Running]] = field(default_factory=dict)
    buffer: bytes = b""
    open: bool = True

    def loop(self) -> None:
        """Serve until the parent hangs up; then end every worker."""
        while self.open:
            watched = [0, self.wake_fd] + ([self.take_fd] if self.queue else [])
            idle = self.queue or self.running
            wants_spare = idle and not self.nursery.is_full and self.refused is None
            ready, _, _ = select.select(watched, [], [], 0 if wants_spare else self._patience_s())
            if not ready and wants_spare:
                self.nursery.refill()
            if 0 in ready:
                self._read_orders()
            if self.wake_fd in ready:
                os.read(self.wake_fd, 4096)
            if self.take_fd in ready:
                self._start_next()
            self._reap()
        for _, worker in self.running.values():
            launch.kill(worker)
            os.waitpid(worker.pid, 0)
            launch.abandon(worker)
        self.nursery.close()

    def _patience_s(self) -> float | None:
        if not self.running:
            return None
        left_s = min(w.deadline_s for _, w in self.running.values()) - time.monotonic()
        watched = any(w.watched for _, w in self.running.values())
        return max(0.0, min(left_s, watch.POLL_S) if watched else left_s)

    def _read_orders(self) -> None:
        data = os.read(0, 1 << 20)
        if not data:
            self.open = False
            return
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        self.queue.extend(json.loads(line) for line in lines)

    def _start_next(self) -> None:
        try:
            os.read(self.take_fd, 1)
        except BlockingIOError:
            return  # another server took the slot
        job = self.queue.popleft()
        try:
            if self.refused is not None:
                raise self.refused
            self._run(job["id"], launch.start(job["order"], self.root, self.nursery))
        except (IsolationError, OSError) as error:
            known = error if isinstance(error, IsolationError) else IsolationError(str(error))
            self._answer(job["id"], known.to_json())

    def _run(self, job_id: Any, worker: launch.Running) -> None:
        self.running[worker.pid] = (job_id, worker)
        if worker.group is not None:
            worker.group.limit(w.limits for _, w in self.running.values())

    def _reap(self) -> None:
        now = time.monotonic()
        for pid, (job_id, worker) in list(self.running.items()):
            late = now >= worker.deadline_s
            cut = "timed_out" if late else "out_of_memory" if watch.over_memory(worker) else None
            if cut:
                launch.kill(worker)
            done, status = os.waitpid(pid, 0 if cut else os.WNOHANG)
            if not done:
                continue
            del self.running[pid]
            found = launch.step_on(worker, status, self.root, self.nursery, cut=cut)
            if isinstance(found, launch.Running):
                self._run(job_id, found)
            else:
                self._answer(job_id, found.error)

    def _answer(self, job_id: Any, error: dict[str, Any] | None) -> None:
        os.write(self.give_fd, b"x")
        try:
            self.answers.write(json.dumps({"id": job_id, "error": error}) + "\n")
            self.answers.flush()
        except BrokenPipeError:
            self.open = False  # whoever asked is gone


def main(argv: list[str]) -> int:
    """Serve ``ROOT TAKE_FD GIVE_FD CAGE PRELOAD`` (a level; modules joined by commas)."""
    root, take_fd, give_fd = Path(argv[0]), int(argv[1]), int(argv[2])
    os.umask(0o022)  # what we make is read by throw-away users
    warden, refused = None, None
    if argv[3] == "strong":
        try:
            warden = cage.move_in()
        except IsolationError as error:
            refused = error
    for module in filter(None, argv[4].split(",")):
        importlib.import_module(module)
    from coopt_dag.execution.harness import artifacts, inspector, score, work  # noqa: F401  # warm

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a print in a preloaded module never reaches the protocol
    wake_fd, write_fd = os.pipe()
    for fd in (wake_fd, write_fd, take_fd):
        os.set_blocking(fd, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
    gc.collect()
    gc.freeze()  # fewer copy-on-write faults in the workers
    Server(root, take_fd, give_fd, answers, wake_fd, Nursery(warden), refused).loop()
    sys.stderr.flush()
    return 0

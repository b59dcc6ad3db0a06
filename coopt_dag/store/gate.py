"""Many may write at once, or one may collect: a lock between processes and threads."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from coopt_dag.errors import BusyError
from coopt_dag.store.staging import disk_trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAUSE_S = 0.02


class Gate:
    """Two files under flock, so that a kill -9 opens the gate again.

    A writer passes `turn` and then shares `use`. A collector keeps `turn` while it waits for
    `use`, so that no newcomer overtakes it. A thread that is inside may enter again, even by
    another store on the same folder: else it would wait for a collector that waits for it.

    Parameters
    ----------
    folder : Path
        Where the two files lie; made if absent.

    Examples
    --------
    >>> import tempfile
    >>> gate = gate_of(Path(tempfile.mkdtemp()))
    >>> with gate.writing(), gate.writing():
    ...     pass
    >>> with gate.collecting(wait_s=0):
    ...     pass
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine = threading.local()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep collectors out."""
        depth = getattr(self._mine, "depth", 0)
        if not depth:
            self._mine.handle = self._enter()
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth -= 1
            if not self._mine.depth:
                os.close(self._mine.handle)

    @contextmanager
    def collecting(self, *, wait_s: float) -> Iterator[None]:
        """Keep writers out.

        Raises
        ------
        BusyError
            A writer is still at work after `wait_s` seconds.
        """
        turn = self._open("turn")
        try:
            deadline = time.monotonic() + wait_s
            _lock_until(turn, deadline, self._folder)
            use = self._open("use")
            try:
                _lock_until(use, deadline, self._folder)
                yield
            finally:
                os.close(use)
        finally:
            os.close(turn)

    def _enter(self) -> int:
        turn = self._open("turn")
        try:
            fcntl.flock(turn, fcntl.LOCK_SH)
            use = self._open("use")
            fcntl.flock(use, fcntl.LOCK_SH)
            return use
        finally:
            os.close(turn)

    def _open(self, name: str) -> int:
        with disk_trouble(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            return os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


_GATES: WeakValueDictionary[str, Gate] = WeakValueDictionary()
_LOCK = threading.Lock()


def gate_of(folder: Path) -> Gate:
    """Give the one gate that this process has for a folder.

    >>> gate = gate_of(Path("a"))
    >>> gate_of(Path("b/../a")) is gate
    True
    """
    name = os.path.realpath(folder)
    with _LOCK:
        gate = _GATES.get(name)
        if gate is None:
            gate = _GATES[name] = Gate(Path(name))
        return gate


def _lock_until(handle: int, deadline: float, place: Path) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise BusyError(
                    "another process is adding to this store, or collecting.",
                    hint="wait until it has ended, then try again.",
                    path=place.parent,
                ) from None
            time.sleep(_PAUSE_S)
        else:
            return

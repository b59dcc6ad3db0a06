"""Many may write at once, or one may collect: a lock between processes that starves nobody."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coopt_dag.errors import BusyError
from coopt_dag.store.staging import disk_trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE_S = 0.02


class Gate:
    """Two files under flock, so that a kill -9 opens the gate again.

    A writer passes `turn` and then shares `use`. A collector keeps `turn` while it waits for
    `use`, so that no newcomer overtakes it. One instance may enter as often as it likes: only
    its first entry takes the lock, only its last one lets it go.

    Parameters
    ----------
    folder : Path
        Where the two files lie; made if absent.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> gate = Gate(Path(tempfile.mkdtemp()))
    >>> with gate.writing(), gate.writing():
    ...     pass
    >>> with gate.collecting(wait_s=0):
    ...     pass
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._inside = 0
        self._held = -1

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep collectors out."""
        with self._mutex:
            if not self._inside:
                self._held = self._enter()
            self._inside += 1
        try:
            yield
        finally:
            with self._mutex:
                self._inside -= 1
                if not self._inside:
                    os.close(self._held)

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

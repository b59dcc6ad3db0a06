"""How a service ends: the first signal asks it to, the second does not ask."""

from __future__ import annotations

import os
import signal
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING

from coopt_dag.cli.printing import note

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def stoppable(work: Callable[[Event], None]) -> bool:
    """Do work in a thread, give whether SIGTERM or SIGINT ended it early.

    The main thread keeps the signals: Snakemake takes SIGTERM for itself wherever it can, and
    would end its run in the middle, which looks like a failure of the submission.
    """
    stop, failed = Event(), list[BaseException]()

    def body() -> None:
        try:
            work(stop)
        except BaseException as error:
            failed.append(error)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(130)  # nodes end with us; the queue and the ledger know the rest
        stop.set()
        note("stopping after the present submission; again = at once")

    before = {n: signal.signal(n, on_signal) for n in (signal.SIGTERM, signal.SIGINT)}
    thread = Thread(target=body, name="evaluator")
    try:
        thread.start()
        while thread.is_alive():
            thread.join(0.2)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.stdout.flush()
    if failed:
        raise failed[0]
    return stop.is_set()

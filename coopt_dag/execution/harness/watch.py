"""Watches the memory of a caged run where no control group limits it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coopt_dag.execution.harness.launch import Running

POLL_S = 0.05


def over_memory(running: Running) -> bool:
    """Tell whether a run's processes hold more than their budget together."""
    if not running.watched:
        return False
    # A forked child shares the server's pages until it writes: they are nobody's use.
    shared = _private_bytes("self") if running.isolation["launcher"] == "fork" else 0
    used = sum(max(0, _private_bytes(pid) - shared) for pid in _family(running.pid))
    return used > running.limits.group_bytes


def _family(pid: int) -> list[str]:
    """Give a process and all that came of it: what its parent left belongs to pid 1 in there."""
    found, waiting = [], [str(pid)]
    while waiting:
        name = waiting.pop()
        found.append(name)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{name}/task").iterdir():
                waiting += (task / "children").read_text(encoding="ascii").split()
    return found


def _private_bytes(name: str) -> int:
    """Give anonymous and shared memory in use, in bytes; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{name}/status").read_text(encoding="utf-8", errors="replace")
        rows = dict(line.split(":", 1) for line in lines.splitlines() if ":" in line)
        return sum(int(rows.get(k, "0 kB").split()[0]) << 10 for k in ("RssAnon", "RssShmem"))
    return 0

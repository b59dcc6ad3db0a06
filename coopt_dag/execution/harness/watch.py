"""Watches the memory of each caged run; a control group only bounds all of a server together."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coopt_dag.execution.harness.launch import Running

POLL_S = 0.05
_OWN = ("RssAnon", "RssShmem")
_SHARE = ("Pss_Anon", "Pss_Shmem")


def over_memory(running: Running) -> bool:
    """Tell whether a run's processes hold more than their budget together.

    Pages that several processes share count once: but only if the cheap sum, in which they count
    in each, is over the budget.
    """
    if not running.watched:
        return False
    family, budget = _family(running.pid), running.limits.group_bytes
    if sum(_bytes_in(f"/proc/{pid}/status", _OWN) for pid in family) <= budget:
        return False
    return sum(_bytes_in(f"/proc/{pid}/smaps_rollup", _SHARE) for pid in family) > budget


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


def _bytes_in(path: str, names: tuple[str, ...]) -> int:
    """Give the sum of some rows, in bytes; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
        rows = dict(line.split(":", 1) for line in lines if ":" in line)
        return sum(int(rows.get(name, "0 kB").split()[0]) << 10 for name in names)
    return 0

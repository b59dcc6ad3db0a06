"""A control group around a server and all that it runs: the wall that a memory bomb meets last.

Its limit follows what runs: a base for the server, and the budget of each run. Moving a process
between groups makes the kernel wait for all processors, 10 ms and more, so runs do not get groups
of their own; what each of them uses is watched (`watch`), and a burst that is faster than the
watch ends here, by the kernel's own choice. Version 2 where memory is delegated to us, else
version 1 where we may write, else none.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopt_dag.execution.harness.limits import Limits

_LIMITS = ("memory.max", "memory.limit_in_bytes")
_EVENTS = ("memory.events", "memory.oom_control")
_BASE_BYTES = 2 << 30
"""For the server itself, its spare children and its inspections."""


@dataclass(frozen=True, slots=True)
class Group:
    """A control group for memory."""

    folder: Path

    def limit(self, running: Iterable[Limits]) -> None:
        """Allow what these runs may use together."""
        total = _BASE_BYTES + sum(limits.group_bytes for limits in running)
        for name in _LIMITS:
            if (self.folder / name).exists():
                # Lowering it below what is still in use may be refused; the next call does it.
                with contextlib.suppress(OSError):
                    (self.folder / name).write_text(str(total))

    def kills(self) -> int:
        """Count the processes that the kernel ended here because memory ran out."""
        for name in _EVENTS:
            if (self.folder / name).exists():
                words = (self.folder / name).read_text().split()
                return int(dict(zip(words[::2], words[1::2], strict=False)).get("oom_kill", "0"))
        return 0

    def join(self) -> None:
        """Put the calling process in; what it starts is in as well."""
        (self.folder / "cgroup.procs").write_text("0")

    def remove(self) -> None:
        """Take the group away, once nothing runs in it."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def open_group() -> Group | None:
    """Make a group where we may; remove those that dead servers left.

    Returns
    -------
    Group or None
        None where this system gives us none.
    """
    for place in _places():
        _sweep(place)
        folder = place / f"coopt-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        group = Group(folder)
        if any((folder / name).exists() for name in _LIMITS):
            return group
        group.remove()
    return None


def _sweep(place: Path) -> None:
    for folder in place.glob("coopt-*"):
        pid = folder.name.removeprefix("coopt-")
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def _places() -> list[Path]:
    """Give the folders where a group could be made, the best first."""
    own, found = _own_paths(), []
    for mounted, kind, options in _mounted():
        if kind == "cgroup2" and "" in own:
            place = mounted / own[""].lstrip("/")
            found += [folder for folder in (place, *place.parents) if _hands_down(folder)][:1]
        elif kind == "cgroup" and "memory" in options.split(",") and "memory" in own:
            place = mounted / own["memory"].lstrip("/")
            found.append(place if place.is_dir() else mounted)
    return found


def _hands_down(folder: Path) -> bool:
    try:
        return "memory" in (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False


def _mounted() -> list[tuple[Path, str, str]]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines]
    return [(Path(row[1]), row[2], row[3]) for row in rows if row[2] in {"cgroup", "cgroup2"}]


def _own_paths() -> dict[str, str]:
    found = {}
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = path
    return found

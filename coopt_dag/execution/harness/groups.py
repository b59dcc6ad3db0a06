"""Control groups: one a run, so that all its processes together keep to memory and number.

Version 2 where memory and pids are delegated to us, else version 1 where we may write; else none,
and the server watches memory itself (`watch`).
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coopt_dag.execution.harness.limits import Limits

_V1 = {"memory": "memory.limit_in_bytes", "pids": "pids.max"}


@dataclass(frozen=True, slots=True)
class Group:
    """The control group of one run."""

    folders: tuple[Path, ...]

    def add(self, pid: int) -> None:
        """Put a process in; what it starts is in as well."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def killed_for_memory(self) -> bool:
        """Tell whether the kernel ended one of its processes because memory ran out."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(FileNotFoundError):
                    words = (folder / name).read_text().split()
                    counts = dict(zip(words[::2], words[1::2], strict=False))
                    return int(counts.get("oom_kill", "0")) > 0
        return False

    def remove(self) -> None:
        """Take the group away; one whose last process is just ending goes with its parent."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


@dataclass(slots=True)
class Groups:
    """Where the groups of one server are made; empty if none can be."""

    parents: dict[str, Path] = field(default_factory=dict)
    """Controller (or ``unified``) → our own folder in its hierarchy."""
    count: int = 0

    def new(self, limits: Limits) -> Group | None:
        """Make a group with these limits."""
        if not self.parents:
            return None
        self.count += 1
        folders = []
        for kind, parent in self.parents.items():
            folder = parent / f"run-{self.count}"
            folder.mkdir()
            folders.append(folder)
            if kind in {"unified", "memory"}:
                name = "memory.max" if kind == "unified" else _V1["memory"]
                (folder / name).write_text(str(limits.group_bytes))
                with contextlib.suppress(OSError):  # no swap accounting in this kernel
                    swap = "memory.swap.max" if kind == "unified" else "memory.memsw.limit_in_bytes"
                    value = 0 if kind == "unified" else limits.group_bytes
                    (folder / swap).write_text(str(value))
            if kind in {"unified", "pids"}:
                (folder / _V1["pids"]).write_text(str(limits.processes))
        return Group(tuple(folders))

    def close(self) -> None:
        """Remove our folders."""
        for parent in self.parents.values():
            for folder in [*parent.glob("run-*"), parent]:
                with contextlib.suppress(OSError):
                    folder.rmdir()


def open_groups() -> Groups:
    """Find out where groups can be made, and make a folder of our own there."""
    mine = _own_paths()
    name = f"coopt-{os.getpid()}-{os.urandom(4).hex()}"
    for hierarchy, kind in _mounted():
        if kind == "cgroup2" and "" in mine:
            found = _unified(hierarchy, mine[""], name)
            if found is not None:
                return Groups({"unified": found})
    parents = {}
    for hierarchy, kind in _mounted():
        for controller in _V1:
            if kind == "cgroup" and hierarchy.name == controller and controller in mine:
                place = hierarchy / mine[controller].lstrip("/")
                made = _make((place if place.is_dir() else hierarchy) / name)
                if made is not None:
                    parents[controller] = made
    groups = Groups(parents)
    if set(parents) != set(_V1):
        groups.close()
        return Groups()
    return groups


def _mounted() -> list[tuple[Path, str]]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines]
    return [(Path(row[1]), row[2]) for row in rows if row[2] in {"cgroup", "cgroup2"}]


def _own_paths() -> dict[str, str]:
    found = {}
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = path
    return found


def _unified(mounted: Path, own: str, name: str) -> Path | None:
    """Give a new folder below the nearest ancestor that hands memory and pids down."""
    place = mounted / own.lstrip("/")
    for folder in (place, *place.parents):
        try:
            on = (folder / "cgroup.subtree_control").read_text().split()
        except OSError:
            return None
        if {"memory", "pids"} <= set(on):
            made = _make(folder / name)
            if made is not None and _hand_down(made):
                return made
        if folder == mounted:
            return None
    return None


def _hand_down(folder: Path) -> bool:
    try:
        (folder / "cgroup.subtree_control").write_text("+memory +pids")
    except OSError:
        folder.rmdir()
        return False
    return True


def _make(folder: Path) -> Path | None:
    try:
        folder.mkdir()
    except OSError:
        return None
    return folder

"""The cage around a run: what the server prepares once, and what a forked child does to go in.

A server that cages lives in namespaces of its own, so that its end is the end of all that it
started; each run gets fresh ones inside, a root of its own, a throw-away user, limits, Landlock
and a filter of system calls. Any part that cannot be had is an error, never a weaker cage.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IsolationError
from coopt_dag.execution.harness import environment, landlock, rooms, seccomp, syscalls
from coopt_dag.execution.harness.confine import ROOM, confine
from coopt_dag.execution.harness.groups import Group, open_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.execution.harness.rooms import Box

POLICY = "coopt/cage/1"
_FIRST_USER = 1 << 30
_USERS = 1 << 29
_OF_A_SERVER = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
)
_SCOPING_ABI = 6
"""The first Landlock that keeps runs from each other's abstract sockets."""


@dataclass(slots=True)
class Warden:
    """What a server knows of its cages."""

    is_root: bool
    own_pids: int
    """Descriptor of the server's own pid namespace."""
    group: Group | None
    filter_: seccomp.Program
    landlock_abi: int
    places: rooms.Places
    links: dict[str, str]

    def next_user(self) -> int:
        """Give a user that no other run has: as root a throw-away one, else our own."""
        if not self.is_root:
            return os.getuid()
        first, count = _widest_range()
        return first + secrets.randbelow(count)

    def layers(self, launcher: str) -> dict[str, Any]:
        """Say what is in force, for the manifest."""
        walls = ["namespaces", "read-only root", "seccomp", "rlimits", "no network"]
        walls.append("throw-away user" if self.is_root else "user namespace")
        if self.landlock_abi:
            walls.append(f"landlock {self.landlock_abi}")
        walls.append("watched memory")
        if self.group is not None:
            walls.append("cgroup memory")
        return {"level": "strong", "policy": POLICY, "launcher": launcher, "walls": sorted(walls)}


def _widest_range() -> tuple[int, int]:
    """Give first user and number of users that are nobody's, within those mapped here."""
    best = (0, 1)
    for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines():
        first, _, count = (int(word) for word in line.split())
        best = max(best, (first, count), key=lambda pair: pair[1])
    first, count = best
    if first <= _FIRST_USER and first + count >= _FIRST_USER + _USERS:
        return _FIRST_USER, _USERS
    half = count // 2
    if half < 1000:
        raise IsolationError("there are no spare user ids here", hint="run as an ordinary user")
    return first + half, half


def supported() -> None:
    """Refuse a system for which no cage is written.

    Raises
    ------
    IsolationError
        Not Linux on x86-64.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise IsolationError(
            f"there is no cage for {sys.platform} on {platform.machine()} yet",
            hint="use an evaluator on Linux x86-64; your own code: --i-trust-this-code",
        )


def move_in() -> Warden:
    """Move this process into namespaces of its own, in which it can cage others; once a server.

    The process that called goes on as pid 1 of its own pid namespace; the one outside waits and
    ends as it ends. Call it before any thread runs and before anything is imported for warmth.

    Raises
    ------
    IsolationError
        The kernel does not let us.
    """
    supported()
    is_root = os.geteuid() == 0
    own = os.getuid(), os.getgid()
    try:
        group = open_group()
        syscalls.unshare(_OF_A_SERVER | (0 if is_root else syscalls.CLONE_NEWUSER))
        if not is_root:
            _map_self(*own)
        syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.sethostname("step")
    except OSError as error:
        raise IsolationError(
            f"this machine gives us no namespaces ({error})",
            hint="allow unprivileged user namespaces, or run outside of a container; "
            "coopt doctor --sandbox tells more",
        ) from error
    _go_inside(group)
    if group is not None:
        group.join()
    _see_own_processes()
    places, links = rooms.system_places()
    return Warden(
        is_root=is_root,
        own_pids=os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC),
        group=group,
        filter_=seccomp.build(),
        landlock_abi=landlock.abi(),
        places=places,
        links=links,
    )


def _see_own_processes() -> None:
    try:
        syscalls.mount_proc("/proc")
    except OSError as error:
        raise IsolationError(
            f"/proc cannot be mounted anew ({error})", hint="is this a container that hides it?"
        ) from error


def _map_self(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _go_inside(group: Group | None) -> None:
    """Fork: the child, pid 1 inside, returns; the parent waits for it and ends as it ended."""
    outer = os.getpid()
    pid = os.fork()
    if pid == 0:
        syscalls.die_with_parent(signal.SIGKILL)
        if _parent_is_gone(outer):
            os._exit(1)
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever wants us to end closes our input
    for descriptor in (0, 1):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _, status = os.waitpid(pid, 0)
    if group is not None:
        group.remove()
    os._exit(abs(os.waitstatus_to_exitcode(status)) & 0xFF)


def _parent_is_gone(outer: int) -> bool:
    # Our pid in the old namespace is not ours to see here; that of our parent is 0 while it
    # lives outside, and the same when it is gone, so we look at it by /proc, which is the old one.
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[1]) != outer


def fork(warden: Warden) -> int:
    """Fork a child that is pid 1 of a fresh pid namespace; it must call `enter` next."""
    syscalls.unshare(syscalls.CLONE_NEWPID)
    try:
        pid = os.fork()
    except OSError:
        syscalls.setns(warden.own_pids, syscalls.CLONE_NEWPID)
        raise
    if pid:
        syscalls.setns(warden.own_pids, syscalls.CLONE_NEWPID)
    return pid


def enter(warden: Warden, order: Mapping[str, Any], root: Path, box: Box) -> None:
    """Lock this forked child in: afterwards it is a harmless stranger in a room of its own.

    Raises
    ------
    OSError
        Some wall could not be put up; the caller must end the process.
    """
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    group = os.getgid()
    # The server's network holds nothing, and has no way out; nor has its ipc namespace. Where
    # Landlock cannot keep runs apart in them, each run gets a network of its own.
    alone = 0 if warden.landlock_abi >= _SCOPING_ABI else syscalls.CLONE_NEWNET
    syscalls.unshare(syscalls.CLONE_NEWNS | alone)
    places = [*warden.places, *rooms.order_places(order, root)]
    rooms.build(box, places, warden.links)
    if not warden.is_root:
        # Last, for the room must belong to the server's user namespace, as its processes do.
        syscalls.unshare(syscalls.CLONE_NEWUSER)
        _map_self(box.user, group)
    address_bytes: int | None = held * os.sysconf("SC_PAGE_SIZE") + box.limits.memory_bytes
    if environment.strangers() is not None:
        address_bytes = None  # libraries that nobody loaded ahead reserve more than they use
    confine(
        box.limits.to_json(),
        user=box.user if warden.is_root else None,
        address_bytes=address_bytes,
        landlock_abi=warden.landlock_abi,
        rules=ROOM,
        filter_=warden.filter_,
    )
    os.environ.update(rooms.own_variables())

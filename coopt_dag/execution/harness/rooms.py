"""The room that a caged process sees: a root of its own with what it needs, read-only.

Both launchers get the same list of places from here.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.execution.harness import environment, syscalls
from coopt_dag.execution.harness.program import input_file
from coopt_dag.execution.harness.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_REC,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.execution.harness.limits import Limits

PACKAGE = Path(__file__).resolve().parents[2]
DEVICES = ("null", "zero", "full", "random", "urandom")
STANDS_FOR = {"zero": "full"}
"""Reads the same, but cannot be mapped: memory that nobody counts."""
Places = list[tuple[str, str]]
"""Pairs of a path outside and the path inside a cage."""
LIBRARY = "/library"
"""Where a cage sees the modules that the code of a challenge shares."""
OUTPUT_FILES = 100_000
SCRATCH, SHARED_MEMORY = "/tmp", "/dev/shm"  # noqa: S108  # each a tmpfs of the room's own
SHARED_MEMORY_BYTES = 64 << 20
_ETC = ("ld.so.cache", "alternatives")
_ROOTS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def system_places() -> tuple[Places, dict[str, str]]:
    """Give what every cage sees of the system: its places, and its links with their targets."""
    places, links = [("/usr", "/usr")], {}
    for name in _ROOTS:
        path = Path("/") / name
        if path.is_symlink():
            links[str(path)] = str(path.readlink())
        elif path.is_dir():
            places.append((str(path), str(path)))
    etc = [f"/etc/{name}" for name in _ETC if Path("/etc", name).exists()]
    packages = environment.strangers() or sys.prefix
    ours = [sys.base_prefix, str(packages), str(PACKAGE)]
    places += [(p, p) for p in [*etc, *ours] if not Path(p).is_relative_to("/usr")]
    return places, links


def inside_name(item: Mapping[str, Any]) -> str:
    """Give the path of an input inside the cage."""
    return f"/{'truths' if item.get('truth') else 'in'}/{input_file(item)}"


def order_places(order: Mapping[str, Any], root: Path) -> Places:
    """Give what a cage sees of the workspace: the code, and the inputs one by one."""
    if order["kind"] == "inspect":
        return [(order["outputs_in"], "/in")]
    inputs = [(str((root / i["path"]).resolve()), inside_name(i)) for i in order["inputs"]]
    shared = order.get("library")
    library = [] if shared is None else [(str((root / shared).resolve()), LIBRARY)]
    return [*_code_places(order, root), *library, *inputs]


def _code_places(order: Mapping[str, Any], root: Path) -> Places:
    """Give the code's folder; of a challenge's own code only the modules that its key names."""
    code = root / order["code"]
    if order["kind"] == "own":
        modules = (code.parent / name for name in order["modules"])
        return [(str(file.resolve()), f"/code/{file.name}") for file in modules]
    folder = code.parent if order["kind"] == "score" else code
    return [(str(folder.resolve()), "/code")]


def closed_to_others(places: Places) -> str | None:
    """Give the first file that a throw-away user could not read; None if there is none.

    Binding a file into a room leads around the rights of its folders, not around its own.
    """
    for source, _ in places:
        path = Path(source)
        for found in (path, *(path.rglob("*") if path.is_dir() else ())):
            mode = found.lstat().st_mode
            wanted = 0o5 if stat.S_ISDIR(mode) else 0o4
            if not stat.S_ISLNK(mode) and mode & wanted != wanted:
                return str(found)
    return None


def order_inside(order: Mapping[str, Any]) -> dict[str, Any]:
    """Give the order as the caged process reads it."""
    if order["kind"] == "inspect":
        return dict(order)
    code = "/code"
    if order["kind"] in {"score", "own"}:
        code = f"/code/{Path(order['code']).name}"
    inputs = [item | {"path": inside_name(item)} for item in order["inputs"]]
    library = None if order.get("library") is None else LIBRARY
    return dict(order) | {"code": code, "library": library, "inputs": inputs}


def own_variables() -> dict[str, str]:
    """Give the variables that name the only places where a run may leave something for itself."""
    return {"HOME": SCRATCH, "TMPDIR": SCRATCH}


def passwd(user: int) -> str:
    """Give an /etc/passwd that knows the caged user."""
    return f"step:x:{user}:{user}::/tmp:/bin/sh\n"


@dataclass(frozen=True, slots=True)
class Box:
    """The part of a room that is one run's own.

    Attributes
    ----------
    place : str
        Empty folder where the new root is put together.
    out : str
        Folder on a tmpfs of its own size; all that a run writes and that outlives it.
    user : int
        Whom the run will be.
    """

    place: str
    out: str
    user: int
    limits: Limits

    def mount(self) -> None:
        """Make the output folder, within the run's budget."""
        options = f"mode=700,size={self.limits.output_bytes},nr_inodes={OUTPUT_FILES}"
        if os.getuid() != self.user:
            options += f",uid={self.user},gid={self.user}"
        syscalls.mount("out", self.out, "tmpfs", MS_NOSUID | MS_NODEV, options)

    def is_full(self) -> bool:
        """Tell whether a run filled its output folder."""
        found = os.statvfs(self.out)
        return found.f_bavail == 0 or found.f_favail == 0


def build(box: Box, places: Places, links: Mapping[str, str]) -> None:
    """Put the room together and go into it; the old root is gone afterwards.

    The caller has its own mount namespace, and nothing of the room is seen outside of it.
    """
    room = box.place
    syscalls.mount("room", room, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
    for name in ("proc", "dev/shm", "tmp", "out", "etc"):
        _folder(f"{room}/{name}")
    _mount_scratch(box)  # first, for what we need may itself lie below /tmp
    for link, target in links.items():
        Path(room + link).symlink_to(target)
    _write(f"{room}/etc/passwd", passwd(box.user))
    for name in DEVICES:
        _write(f"{room}/dev/{name}", "")
    for source, inside in sorted(places, key=lambda pair: pair[1].count("/")):
        _bind(source, room + inside)
    syscalls.make_read_only(room)
    for place in (SCRATCH, SHARED_MEMORY):
        syscalls.make_writable(room + place)
    _mount_late(box)
    os.chdir(room)
    syscalls.pivot_root_here()
    os.chdir(SCRATCH)


def _bind(source: str, target: str) -> None:
    if Path(source).is_dir():
        _folder(target)
    else:
        _folder(os.path.dirname(target))  # noqa: PTH120  # for every input of every run
        _write(target, "")
    syscalls.mount(source, target, None, MS_BIND | MS_REC)


def _mount_scratch(box: Box) -> None:
    room, flags = box.place, MS_NOSUID | MS_NODEV
    scratch = f"mode=1777,size={box.limits.output_bytes},nr_inodes={OUTPUT_FILES}"
    syscalls.mount("scratch", room + SCRATCH, "tmpfs", flags, scratch)
    shared = f"mode=1777,size={SHARED_MEMORY_BYTES},nr_inodes=10k"
    syscalls.mount("shm", room + SHARED_MEMORY, "tmpfs", flags, shared)


def _mount_late(box: Box) -> None:
    """Mount what must not be read-only, after everything else is."""
    room = box.place
    for name in DEVICES:
        source = f"/dev/{STANDS_FOR.get(name, name)}"
        syscalls.mount(source, f"{room}/dev/{name}", None, MS_BIND)
    syscalls.mount(box.out, f"{room}/out", None, MS_BIND)
    _mount_proc(f"{room}/proc")


def _folder(path: str) -> None:
    os.makedirs(path, mode=0o755, exist_ok=True)  # noqa: PTH103  # for every input of every run


def _mount_proc(target: str) -> None:
    # Writable, for an ordinary user names itself there; Landlock and its own rights close it.
    try:
        syscalls.mount_proc(target)
    except PermissionError:
        # Inside a container that hides parts of /proc nobody may mount another: then the room
        # has none, which most programs bear.
        return


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    os.write(descriptor, text.encode())
    os.close(descriptor)

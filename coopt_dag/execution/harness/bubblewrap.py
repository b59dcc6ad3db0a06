"""The launcher for programs: bubblewrap builds the room, `entrance` locks the program in.

It is the older and better known of the two, and takes any executable; it costs a process more
than a fork of the warm server.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from coopt_dag.execution.harness import program, rooms, syscalls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.execution.harness.cage import Warden
    from coopt_dag.execution.harness.rooms import Box

ENTRANCE = rooms.PACKAGE / "execution" / "harness" / "entrance.py"
_NEEDS_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")


def arguments(
    bwrap: str,
    warden: Warden,
    order: Mapping[str, Any],
    root: Path,
    box: Box,
    *,
    environ: Mapping[str, str],
) -> list[str]:
    """Give bubblewrap's words for one run, up to the program."""
    words = [bwrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    words += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "step"]
    for name, value in sorted(environ.items()):
        words += ["--setenv", name, value]
    for link, target in warden.links.items():
        words += ["--symlink", target, link]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for size, place in (
        (box.limits.output_bytes, rooms.SCRATCH),
        (rooms.SHARED_MEMORY_BYTES, rooms.SHARED_MEMORY),
    ):
        words += ["--perms", "1777", "--size", str(size), "--tmpfs", place]
    words += ["--dev-bind", f"/dev/{rooms.STANDS_FOR['zero']}", "/dev/zero", "--remount-ro", "/dev"]
    places = [*warden.places, *rooms.order_places(order, root)]
    for folder in sorted({str(p) for _, inside in places for p in Path(inside).parents} - {"/"}):
        words += ["--perms", "0755", "--dir", folder]  # its own would be closed to other users
    for source, inside in sorted(places, key=lambda pair: pair[1].count("/")):
        words += ["--ro-bind", source, inside]
    words += ["--bind", box.out, "/out", "--cap-drop", "ALL", "--chdir", rooms.SCRATCH]
    if warden.is_root:
        for capability in _NEEDS_CAPABILITIES:
            words += ["--cap-add", capability]
    else:
        words += ["--unshare-user", "--disable-userns"]
    return words


def become(
    warden: Warden, order: Mapping[str, Any], root: Path, box: Box, *, status_fd: int
) -> NoReturn:
    """Become bubblewrap, which starts the order's program in its cage and ends with it.

    Parameters
    ----------
    status_fd : int
        Told ``ok`` by `entrance`, once nothing more can go wrong but the program itself.

    Raises
    ------
    OSError
        It cannot be started.
    """
    library = None if order.get("library") is None else rooms.LIBRARY
    told = program.variables(
        order, inputs="/in", out="/out", params="/params.json", library=library
    )
    environ = dict(os.environ) | rooms.own_variables() | told
    params = Path(box.place).with_name("params.json")
    program.write_params(order, params)
    params.chmod(0o644)  # read by the run's own user, whatever our umask
    code = (root / order["code"]).resolve()
    command = [
        word if program.own_file(code, word) is None else f"/code/{word}"
        for word in order["entry"]["command"]
    ]
    entrance = [f"{name}={value}" for name, value in sorted(box.limits.to_json().items())]
    entrance += [f"landlock={warden.landlock_abi}", f"status_fd={status_fd}"]
    if warden.is_root:
        entrance.append(f"user={box.user}")
    words = [
        *arguments(order["bwrap"], warden, order, root, box, environ=environ),
        *("--ro-bind", str(params), "/params.json", "--remount-ro", "/", "--"),
        *(sys.executable, "-I", "-S", str(ENTRANCE), *entrance, "--", *command),
    ]
    # Bubblewrap looks its own children up in /proc, which must be that of our pid namespace.
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount_proc("/proc")
    os.set_inheritable(status_fd, True)
    # Its own environment can be read inside, by /proc/1/environ: so it has none.
    os.execve(words[0], words, {})  # noqa: S606

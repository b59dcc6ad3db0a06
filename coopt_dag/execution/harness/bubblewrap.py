"""The launcher for programs: bubblewrap builds the room, `entrance` locks the program in.

It is the older and better known of the two, and takes any executable; it costs a process more
than a fork of the warm server.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from coopt_dag.execution.harness import rooms, syscalls

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
        (box.limits.output_bytes, "/tmp"),  # noqa: S108
        (rooms.SHARED_MEMORY_BYTES, "/dev/shm"),  # noqa: S108
    ):
        words += ["--perms", "1777", "--size", str(size), "--tmpfs", place]
    words += ["--dev-bind", f"/dev/{rooms.STANDS_FOR['zero']}", "/dev/zero", "--remount-ro", "/dev"]
    places = [*warden.places, *rooms.order_places(order, root)]
    for folder in sorted({str(p) for _, inside in places for p in Path(inside).parents} - {"/"}):
        words += ["--perms", "0755", "--dir", folder]  # its own would be closed to other users
    for source, inside in sorted(places, key=lambda pair: pair[1].count("/")):
        words += ["--ro-bind", source, inside]
    words += ["--bind", box.out, "/out", "--cap-drop", "ALL", "--chdir", "/tmp"]  # noqa: S108
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
    environ = dict(os.environ) | {
        "HOME": "/tmp",  # noqa: S108
        "TMPDIR": "/tmp",  # noqa: S108
        "COOPT_IN": "/in",
        "COOPT_OUT": "/out",
        "COOPT_PARAMS": "/params.json",
        "COOPT_SEED": str(order["seed"]),
    }
    params = Path(box.place).with_name("params.json")
    params.write_text(json.dumps(order["params"], sort_keys=True), encoding="utf-8")
    params.chmod(0o644)  # read by the run's own user, whatever our umask
    code = (root / order["code"]).resolve()
    program = [_inside(code, word) for word in order["entry"]["command"]]
    entrance = [f"{name}={value}" for name, value in sorted(box.limits.to_json().items())]
    entrance += [f"landlock={warden.landlock_abi}", f"status_fd={status_fd}"]
    if warden.is_root:
        entrance.append(f"user={box.user}")
    words = [
        *arguments(order["bwrap"], warden, order, root, box, environ=environ),
        *("--ro-bind", str(params), "/params.json", "--remount-ro", "/", "--"),
        *(sys.executable, "-I", "-S", str(ENTRANCE), *entrance, "--", *program),
    ]
    # Bubblewrap looks its own children up in /proc, which must be that of our pid namespace.
    syscalls.unshare(syscalls.CLONE_NEWNS)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", "/proc", "proc", flags)
    os.set_inheritable(status_fd, True)
    # Its own environment can be read inside, by /proc/1/environ: so it has none.
    os.execve(words[0], words, {})  # noqa: S606


def _inside(code: Path, word: str) -> str:
    """Give a word of the command as the cage knows it: files of the solution lie in /code."""
    file = code / word
    found = os.path.isfile(file)  # noqa: PTH113  # a word may be a script, too long for a name
    return f"/code/{word}" if found and file.resolve().is_relative_to(code) else word

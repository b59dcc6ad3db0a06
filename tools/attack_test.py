"""`make attack-test`: every attack on the cage, as root and as an ordinary user.

All of it happens inside mount, process and network namespaces of its own, with /tmp and /dev/shm
of their own size, so that even a broken cage harms nobody.

Usage: ``python -m tools.attack_test [SERVER]``; it ends with 0 if all was held, 18 if not, 77
where there are no namespaces. SERVER replaces what the harness's server starts with, so that a
test can take a wall away.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from coopt_dag.cli.sandbox import table
from coopt_dag.errors import IsolationError
from coopt_dag.execution.harness import syscalls
from coopt_dag.execution.pool import BOOTSTRAP
from coopt_dag.execution.selftest import attack

NOBODY = 65534
NO_NAMESPACES = 77
_SET_FLAGS, _UP = 0x8914, 0x1
_SPACES = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNET
_SCRATCH = {"/tmp": "2g", "/dev/shm": "512m"}  # noqa: S108  # mounted over by us


def main(server: str) -> int:
    """Run the attacks as whoever we are, and as an ordinary user too if we are root."""
    is_root = os.geteuid() == 0
    own = os.getuid(), os.getgid()
    try:
        syscalls.unshare(_SPACES if is_root else _SPACES | syscalls.CLONE_NEWUSER)
    except OSError as error:
        sys.stderr.write(f"attack-test: this machine gives us no namespaces ({error})\n")
        return NO_NAMESPACES
    if not is_root:
        for file, text in zip(("setgroups", "uid_map", "gid_map"), ("deny", *own), strict=True):
            words = text if text == "deny" else f"{text} {text} 1"
            Path("/proc/self", file).write_text(str(words), encoding="ascii")
    pid = os.fork()
    if pid == 0:
        syscalls.die_with_parent(signal.SIGKILL)
        os._exit(_inside(server, is_root=is_root))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _inside(server: str, *, is_root: bool) -> int:
    """Make the place harmless, then attack; we are pid 1 here."""
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    ours, reach = Path.cwd(), _covered(is_root=is_root)
    for place, size in _SCRATCH.items():
        syscalls.mount("scratch", place, "tmpfs", syscalls.MS_NOSUID, f"mode=1777,size={size}")
    for place, descriptor in reach.items():
        _uncover(place, descriptor)
    os.chdir(ours)  # the folder of that name now, not the one that was covered
    syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID)
    with socket.socket() as link:
        fcntl.ioctl(link, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))
    words = [sys.executable, "-m", "tools.attack_test", server, "here"]
    codes = [subprocess.run(words, check=False, env=_environ()).returncode]
    if is_root:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        codes.append(subprocess.run(words, check=False, env=_environ(), **user).returncode)  # type: ignore[call-overload]
    return max(map(abs, codes))


def _environ() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108


def _covered(*, is_root: bool) -> dict[str, int]:
    """Give what must be reached but would not be: Python and ourselves, by place.

    Below what we mount over; and, for the ordinary user that root becomes, below closed folders.

    Held by descriptor, for what covers the folder hides them.
    """
    wanted = {sys.base_prefix, sys.prefix, str(Path.cwd())}
    hidden = [p for p in sorted(wanted) if any(Path(p).is_relative_to(s) for s in _SCRATCH)]
    closed = [p for p in sorted(wanted) if any(_is_closed(f) for f in Path(p).parents)]
    closed = sorted({*hidden, *(closed if is_root else ())})
    return {place: os.open(place, os.O_PATH | os.O_DIRECTORY) for place in closed}


def _is_closed(folder: Path) -> bool:
    return not folder.stat().st_mode & 0o001


def _uncover(place: str, descriptor: int) -> None:
    """Cover the closed folder above `place` by an empty open one, and bring back `place` only."""
    for folder in reversed(Path(place).parents):
        if folder.is_dir() and _is_closed(folder):
            syscalls.mount("cover", str(folder), "tmpfs", syscalls.MS_NOSUID, "mode=755,size=1m")
            break
    Path(place).mkdir(parents=True, exist_ok=True)
    flags = syscalls.MS_BIND | syscalls.MS_REC
    syscalls.mount(f"/proc/self/fd/{descriptor}", place, None, flags)


def here(server: str) -> int:
    """Attack as whoever we are, and print the table."""
    report = attack(bootstrap=Path(server))
    who = "root" if os.getuid() == 0 else f"an ordinary user ({os.getuid()})"
    sys.stdout.write("\n".join([f"as {who}", *table(report)]) + "\n\n")
    sys.stdout.flush()
    return IsolationError.exit_code if report.broken else 0


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else str(BOOTSTRAP)
    sys.exit(here(wanted) if sys.argv[2:] == ["here"] else main(wanted))

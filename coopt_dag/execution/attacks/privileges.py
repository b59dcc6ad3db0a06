"""Tries to rise: system calls that no step needs, users, capabilities, limits, signals."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEW_USER = 0x10000000
_REFUSED = {errno.EPERM, errno.ENOSYS, errno.EACCES}
# In a user namespace without it there is no user 0 to become.
_UNKNOWN = {"setuid": {errno.EINVAL}, "setgid": {errno.EINVAL}}
_X32 = 0x40000000
_BUFFER = ctypes.create_string_buffer(256)
# Harmless arguments: a call that gets through fails on them, or does next to nothing.
_CALLS: dict[str, tuple[Any, ...]] = {
    "mount": (165, b"none", b"/tmp", b"tmpfs", 0, None),
    "umount2": (166, b"/tmp/none", 2),
    "pivot_root": (155, b"/tmp/none", b"/tmp/none"),
    "chroot": (161, b"/tmp/none"),
    "unshare(user)": (272, _NEW_USER),
    "unshare(mount)": (272, 0x00020000),
    "setns": (308, -1, 0),
    "clone3": (435, None, 0),
    "ptrace": (101, 16, 0x7FFFFFFF, 0, 0),
    "process_vm_readv": (310, 1, None, 0, None, 0, 0),
    "process_vm_writev": (311, 1, None, 0, None, 0, 0),
    "pidfd_getfd": (438, -1, 0, 0),
    "kcmp": (312, 1, 1, 0, 0, 0),
    "personality": (135, 0xFFFFFFFF),
    "add_key": (248, b"user", b"coopt", b"x", 1, -3),
    "keyctl": (250, 0, -3, 0),
    "request_key": (249, b"user", b"coopt", None, -3),
    "bpf": (321, 0, None, 0),
    "perf_event_open": (298, None, 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "io_uring_setup": (425, 1, None),
    "name_to_handle_at": (303, -100, b"/tmp/none", None, None, 0),
    "open_by_handle_at": (304, -1, None, 0),
    "open_tree": (428, -100, b"/tmp/none", 0),
    "move_mount": (429, -1, b"", -1, b"", 0),
    "fsopen": (430, b"tmpfs", 0),
    "fspick": (433, -100, b"/tmp/none", 0),
    "mount_setattr": (442, -100, b"/tmp/none", 0, None, 0),
    "init_module": (175, None, 0, b""),
    "finit_module": (313, -1, b"", 0),
    "kexec_load": (246, 0, 0, None, 0),
    "syslog": (103, 10, None, 0),
    "reboot": (169, 0, 0, 0, None),
    "swapon": (167, b"/tmp/none", 0),
    "acct": (163, b"/tmp/none"),
    "quotactl": (179, 0, None, 0, None),
    "iopl": (172, 0),
    "sethostname": (170, b"coopt", 5),
    "setuid": (105, 0),
    "setgid": (106, 0),
    "setgroups": (116, 1, _BUFFER),
}
_EMPTY = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def privileges(aim: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG001  # an attack's form
    """Make every call that could open a cage; look at the rights that are left."""
    libc = ctypes.CDLL(None, use_errno=True)
    for name, words in _CALLS.items():
        ctypes.set_errno(0)
        result = libc.syscall(*(ctypes.c_long(w) if isinstance(w, int) else w for w in words))
        if result >= 0:
            yield f"{name} was allowed"
        elif ctypes.get_errno() not in _REFUSED | _UNKNOWN.get(name, set()):
            yield f"{name} reached the kernel ({errno.errorcode[ctypes.get_errno()]})"
    yield from _cloned(libc)
    yield from _rights()
    yield from _limits()


def _cloned(libc: ctypes.CDLL) -> Iterator[str]:
    flags = ctypes.c_long(_NEW_USER | signal.SIGCHLD)
    pid = libc.syscall(ctypes.c_long(56), flags, None, None, None, None)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        yield "clone made a user namespace"
    if (pid := os.fork()) == 0:
        libc.syscall(ctypes.c_long(_X32 + 39))  # getpid of a table that is not filtered
        os._exit(0)
    if os.WIFEXITED(os.waitpid(pid, 0)[1]):
        yield "the x32 table of calls is open"


def _rights() -> Iterator[str]:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    for name in _EMPTY:
        if int(status[name], 16):
            yield f"{name} is {status[name]}"
    for name, wanted in (("NoNewPrivs", "1"), ("Seccomp", "2")):
        if status[name] != wanted:
            yield f"{name} is {status[name]}"
    for place in ("/usr", "/tmp", "/code", "/out"):  # noqa: S108
        if not os.statvfs(place).f_flag & os.ST_NOSUID:
            yield f"set-uid programs in {place} would work"
    with contextlib.suppress(OSError):
        os.mknod("/tmp/coopt-device", stat.S_IFCHR | 0o666, os.makedev(1, 3))  # noqa: S108
        yield "made a device"


def _limits() -> Iterator[str]:
    for name in ("NPROC", "FSIZE", "NOFILE", "CORE", "CPU"):
        kind = getattr(resource, f"RLIMIT_{name}")
        soft, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY:
            yield f"{name} has no limit"
            continue
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (soft, hard + 1))
            yield f"could raise the limit of {name}"

"""The system calls that a cage is made of, each of which fails loudly.

Python 3.11 has none of them, and a step's environment has no library for them.
"""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2

_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_ATTR = {"rdonly": 1, "nosuid": 2, "nodev": 4}

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_READ = 23
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CAP_VERSION_3 = 0x20080522

# x86-64; `supported` refuses any other processor
_PIVOT_ROOT, _CAPSET = 155, 126
_CLOSE_RANGE, _MOUNT_SETATTR = 436, 442

_LIBC = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clr", "propagation", "userns_fd")]


def checked(result: int, what: str) -> int:
    """Give the result of a call, or raise what the kernel said.

    >>> checked(3, "dup")
    3
    """
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(number: int, *words: object, what: str) -> int:
    """Make a system call by its number."""
    return checked(int(_LIBC.syscall(number, *words)), what)


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names, for new ones of our own."""
    checked(_LIBC.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Go into (for pid: let children go into) the namespace behind a descriptor."""
    checked(_LIBC.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount `source` at `target`."""
    result = _LIBC.mount(
        os.fsencode(source),
        os.fsencode(target),
        None if kind is None else kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    checked(result, f"mount {target}")


def mount_proc(target: str) -> None:
    """Mount a /proc that shows the caller's pid namespace.

    Raises
    ------
    OSError
        As inside a container that hides parts of its own.
    """
    mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def unmount(target: str) -> None:
    """Take a mount away, at once for new users, later for those that have it open."""
    checked(_LIBC.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def make_read_only(target: str) -> None:
    """Make a mount, and all mounts below it, read-only, without devices and set-uid files."""
    _change(target, _MountAttr(set=sum(_MOUNT_ATTR.values())), _AT_RECURSIVE)


def make_writable(target: str) -> None:
    """Make one mount writable again, and none below it."""
    _change(target, _MountAttr(clr=_MOUNT_ATTR["rdonly"]), 0)


def _change(target: str, attr: _MountAttr, flags: int) -> None:
    syscall(
        _MOUNT_SETATTR,
        _AT_FDCWD,
        os.fsencode(target),
        ctypes.c_uint(flags),
        ctypes.byref(attr),
        ctypes.c_size_t(ctypes.sizeof(attr)),
        what="mount_setattr",
    )


def pivot_root_here() -> None:
    """Make the current folder the root, with the old root stacked on it, and drop the old one."""
    syscall(_PIVOT_ROOT, b".", b".", what="pivot_root")
    unmount(".")


def sethostname(name: str) -> None:
    """Name this UTS namespace."""
    word = name.encode()
    checked(_LIBC.sethostname(word, ctypes.c_size_t(len(word))), "sethostname")


def die_with_parent(signal_number: int) -> None:
    """Ask for a signal when the parent dies; a change of user cancels it."""
    checked(_LIBC.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "PR_SET_PDEATHSIG")


def be_dumpable() -> None:
    """Own our entries in /proc again, after a change of user."""
    checked(_LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE")


def no_new_privileges() -> None:
    """Make set-uid files and file capabilities worthless from here on."""
    checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")


def set_filter(program: ctypes.Structure) -> None:
    """Install a seccomp filter."""
    checked(_LIBC.prctl(22, 2, ctypes.byref(program), 0, 0), "seccomp")


def drop_bounding_set() -> None:
    """Give up every capability that a program could bring back."""
    last = int(open("/proc/sys/kernel/cap_last_cap").read())  # noqa: PTH123, SIM115  # procfs
    for capability in range(last + 1):
        if not checked(_LIBC.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0), "PR_CAPBSET_READ"):
            continue  # bubblewrap has dropped it, and with it the right to drop
        checked(_LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0), "PR_CAPBSET_DROP")


def drop_capabilities() -> None:
    """Give up every capability that we hold."""
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    syscall(_CAPSET, header, (ctypes.c_uint32 * 6)(), what="capset")


def close_from(first: int) -> None:
    """Close all descriptors from `first` on."""
    syscall(_CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), 0, what="close_range")

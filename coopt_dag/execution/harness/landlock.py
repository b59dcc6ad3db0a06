"""Landlock: which folders may be read, and which written, whatever the mounts say.

A second wall behind the mounts: it also closes magic links, TCP, abstract sockets and signals
to the outside, where the kernel knows how (ABI 4 and 6).
"""

from __future__ import annotations

import ctypes
import os

from coopt_dag.execution.harness import syscalls

TYPE_CHECKING = False  # typing itself takes longer to import than the whole of the rest

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 10, 1 << 11
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_TCP_BIND_AND_CONNECT = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3

LIST = _READ_DIR
READ = _EXECUTE | _READ_FILE | _READ_DIR
WRITE = ((1 << 15) - 1) & ~(_MAKE_CHAR | _MAKE_SOCK | _MAKE_FIFO | _MAKE_BLOCK)
SCRATCH = ((1 << 15) - 1) & ~(_MAKE_CHAR | _MAKE_BLOCK)
DEVICES = _READ_FILE | _WRITE_FILE | _READ_DIR | _TRUNCATE
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("fs", "net", "scoped")]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def abi() -> int:
    """Give the version of Landlock in this kernel; 0 if there is none.

    >>> abi() >= 0
    True
    """
    try:
        return syscalls.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1), what="abi")
    except OSError:
        return 0


def restrict(rules: Iterable[tuple[str, int]], version: int) -> None:
    """Allow what `rules` say (path → rights) and nothing else; needs no new privileges set."""
    handled = _FS[min(version, 3)]
    ruleset = _Ruleset(
        handled,
        _TCP_BIND_AND_CONNECT if version >= 4 else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    made = syscalls.syscall(
        _CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0), what="landlock"
    )
    for path, rights in rules:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        wanted = rights if os.path.isdir(path) else rights & _OF_A_FILE  # noqa: PTH112  # hot
        rule = _PathRule(wanted & handled, descriptor)
        syscalls.syscall(
            _ADD, made, 1, ctypes.byref(rule), ctypes.c_uint32(0), what=f"landlock {path}"
        )
        os.close(descriptor)
    syscalls.syscall(_RESTRICT, made, ctypes.c_uint32(0), what="landlock_restrict_self")
    os.close(made)

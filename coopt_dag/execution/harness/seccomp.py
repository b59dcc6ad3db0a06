"""The filter of system calls, for x86-64: what no step needs and kernels have been broken by."""

from __future__ import annotations

import ctypes
import errno
import struct

from coopt_dag.execution.harness import syscalls

_DENIED = {
    # memory that belongs to no process and no file system of ours, so that nothing counts it
    "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240, "memfd_create": 319,
    # what kernels have been broken by
    "ptrace": 101, "syslog": 103, "uselib": 134, "personality": 135, "pivot_root": 155,
    "chroot": 161, "acct": 163, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168,
    "reboot": 169, "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173,
    "create_module": 174, "init_module": 175, "delete_module": 176, "quotactl": 179,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
    "perf_event_open": 298, "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
    "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "finit_module": 313,
    "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438,
    "mount_setattr": 442, "quotactl_fd": 443, "memfd_secret": 447,
    "listmount": 458, "statmount": 457, "open_tree_attr": 467,
}  # fmt: skip
_MMAP, _SOCKET, _SOCKETPAIR, _CLONE, _CLONE3 = 9, 41, 53, 56, 435
_NAMESPACES = 0x7E020000
"""CLONE_NEW* of clone(): mount, cgroup, uts, ipc, user, pid, net."""

_ARCH_X86_64 = 0xC000003E
_X32_BIT = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NR, _ARCH, _ARG0, _ARG3 = 0, 4, 16, 40
_SHARED_ANONYMOUS = 0x21
_AF_UNIX = 1


class Program(ctypes.Structure):
    """A `struct sock_fprog`; `keep` holds the bytes that it points to."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
    keep: ctypes.Array[ctypes.c_char]


def instructions() -> list[tuple[int, int, int, int]]:
    """Give the filter as BPF instructions (code, jump if true, jump if false, constant).

    A call of another architecture or of the x32 table kills; a denied one is refused with EPERM;
    `clone3` is refused as unknown, for its flags cannot be looked into, so that libraries use
    `clone`; sockets are local ones only; pages that processes share
    without a file are refused, for they can be held unmapped, where no watch counts them.

    >>> instructions()[0]
    (32, 0, 0, 4)
    """
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    program = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _ARCH_X86_64),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
        (_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL),
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for number in sorted(_DENIED.values()):
        program += [(_EQUAL, 0, 1, number), refuse]
    program += [
        (_EQUAL, 0, 4, _CLONE),
        (_LOAD, 0, 0, _ARG0),
        (_ANY_BIT, 0, 1, _NAMESPACES),
        refuse,
        (_RETURN, 0, 0, _ALLOW),
        (_EQUAL, 0, 5, _MMAP),
        (_LOAD, 0, 0, _ARG3),
        (_AND, 0, 0, _SHARED_ANONYMOUS),
        (_EQUAL, 0, 1, _SHARED_ANONYMOUS),
        refuse,
        (_RETURN, 0, 0, _ALLOW),
        (_EQUAL, 1, 0, _SOCKET),
        (_EQUAL, 0, 3, _SOCKETPAIR),
        (_LOAD, 0, 0, _ARG0),
        (_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return program


def build() -> Program:
    """Compile the filter; once a server."""
    found = instructions()
    text = b"".join(struct.pack("HBBI", *i) for i in found)
    keep = ctypes.create_string_buffer(text, len(text))
    program = Program(len(found), ctypes.addressof(keep))
    program.keep = keep
    return program


def install(program: Program) -> None:
    """Filter all later calls of this process and of whatever it starts."""
    syscalls.set_filter(program)

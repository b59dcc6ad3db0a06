"""The last step into a cage, the same for both launchers: user, limits, Landlock, seccomp.

From here on nothing can be given back, so a failure must end the process.
"""

from __future__ import annotations

import os
import resource

from coopt_dag.execution.harness import landlock, seccomp, syscalls

TYPE_CHECKING = False  # typing itself takes longer to import than the whole of the rest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Rules = Iterable[tuple[str, int]]

ROOM = (
    ("/", landlock.READ),
    ("/dev", landlock.DEVICES),
    ("/tmp", landlock.SCRATCH),  # noqa: S108  # a tmpfs of the cage's own
    ("/dev/shm", landlock.SCRATCH),  # noqa: S108
    ("/out", landlock.WRITE),
)
"""What may be touched inside a cage's own root."""

_SIGKILL = 9  # without the import of signal, which is slow


def confine(
    limits: Mapping[str, int],
    *,
    user: int | None,
    address_bytes: int | None,
    landlock_abi: int,
    rules: Rules,
    filter_: seccomp.Program,
) -> None:
    """Lock this process down for good.

    Parameters
    ----------
    limits
        `Limits.to_json()`.
    user : int or None
        Throw-away user and group to become; None keeps the present one (a user namespace's).
    address_bytes : int or None
        Limit of the address space; None for programs that reserve far more than they use: their
        memory is watched all the same.
    rules
        What Landlock allows, path by path.

    Raises
    ------
    OSError
        Some wall could not be put up; the caller must not go on.
    """
    limit(limits, address_bytes)
    syscalls.drop_bounding_set()
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    syscalls.drop_capabilities()
    syscalls.be_dumpable()
    syscalls.no_new_privileges()
    syscalls.die_with_parent(_SIGKILL)
    if landlock_abi:
        landlock.restrict(rules, landlock_abi)
    seccomp.install(filter_)


def limit(limits: Mapping[str, int], address_bytes: int | None) -> None:
    """Set the limits that the kernel keeps a process."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: limits["cpu_s"],
        resource.RLIMIT_FSIZE: limits["output_bytes"],
        resource.RLIMIT_NOFILE: limits["files"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_MEMLOCK: 1 << 16,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if address_bytes is not None:
        wanted[resource.RLIMIT_AS] = address_bytes
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901
        resource.setrlimit(kind, (value, value))

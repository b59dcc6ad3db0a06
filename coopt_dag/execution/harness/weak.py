"""The weak cage, for one's own trials where the system gives no namespaces.

Landlock, seccomp and limits on the machine as it is: reading and writing are bounded, the network
is shut; but processes are seen, a daemon outlives its run, and memory is limited a process only.
Whoever asks for it knows; nothing that ran in it earns a record.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IsolationError
from coopt_dag.execution.harness import cage, landlock, rooms, seccomp, syscalls
from coopt_dag.execution.harness.confine import limit
from coopt_dag.execution.harness.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ISOLATION = {
    "level": "weak",
    "policy": cage.POLICY,
    "launcher": "fork",
    "walls": ["landlock", "rlimits", "seccomp"],
}
_NEEDED_ABI = 4
"""The first that closes TCP."""


def enter(order: Mapping[str, Any], root: Path, stage: Path) -> None:
    """Bind this process to its inputs, its stage and the system's programs.

    Raises
    ------
    IsolationError
        The kernel has no Landlock that is good enough.
    OSError
        A wall could not be put up.
    """
    cage.supported()
    version = landlock.abi()
    if version < _NEEDED_ABI:
        raise IsolationError(
            f"this kernel's Landlock is of version {version}, and {_NEEDED_ABI} is needed",
            hint="only for code that you trust: --i-trust-this-code",
        )
    limit(Limits.of(order).to_json(), None)
    syscalls.no_new_privileges()
    places, _ = rooms.system_places()
    rules = [(source, landlock.READ) for source, _ in [*places, *rooms.order_places(order, root)]]
    # Names of folders may be seen: the readers walk down to a file folder by folder.
    rules += [("/", landlock.LIST), ("/proc/self", landlock.READ), (str(stage), landlock.SCRATCH)]
    rules += [(f"/dev/{name}", landlock.DEVICES) for name in rooms.DEVICES]
    landlock.restrict(rules, version)
    seccomp.install(seccomp.build())
    os.environ["HOME"] = os.environ["TMPDIR"] = str(stage)

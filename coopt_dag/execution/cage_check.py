"""Whether this machine can cage: asked before anything of a stranger's runs."""

from __future__ import annotations

from coopt_dag.execution.bwrap_binary import find_bwrap
from coopt_dag.execution.harness.cage import supported


def require_cage() -> None:
    """Refuse unless this machine can cage contributed code.

    Raises
    ------
    IsolationError
        It cannot, and what to do about it.
    """
    supported()
    find_bwrap()

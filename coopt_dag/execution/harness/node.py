"""Runs one order in a fresh interpreter: what plain Snakemake calls."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from coopt_dag.errors import IsolationError
from coopt_dag.execution.harness import cage
from coopt_dag.execution.harness.launch import run_one
from coopt_dag.execution.harness.nursery import Nursery


def main(argv: list[str]) -> int:
    """Run ``ROOT ORDER``; give 0, or 1 with the reason on stderr."""
    root = Path(argv[0])
    # blocked, so that sigtimedwait sees the end of the worker at once
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    order = json.loads((root / argv[1]).read_text(encoding="utf-8"))
    os.umask(0o022)  # what we make is read by throw-away users
    try:
        warden = cage.move_in() if order["cage"] == "strong" else None
        nursery = Nursery(warden)
        try:
            error = run_one(order, root, nursery)
        finally:
            nursery.close()
    except (IsolationError, OSError) as refused:
        error = {"message": str(refused), "hint": getattr(refused, "hint", "")}
    if error is None:
        return 0
    sys.stderr.write(f"{order['step']}/{order['solution'] or order['kind']}: {error['message']}\n")
    if error.get("hint"):
        sys.stderr.write(f"hint: {error['hint']}\n")
    return 1

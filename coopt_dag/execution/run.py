"""Run a plan: nothing missing, nothing started; else Snakemake in process, on a warm pool."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import CooptError, IsolationError, NodeFailedError, ScoreInvalidError
from coopt_dag.execution import pace, results
from coopt_dag.execution.believed import distrust
from coopt_dag.execution.cage_check import require_cage
from coopt_dag.execution.nodes import locked, take_inventory
from coopt_dag.execution.outcome import Outcome, outcome_of, written
from coopt_dag.execution.workflow import build_environments, write_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.pool import Answer

SNAKEFILE = Path(__file__).with_name("Snakefile")


@dataclass(frozen=True, slots=True)
class Progress:
    """One node has ended; `error` is None if it is in the store."""

    done: int
    total: int
    order: Mapping[str, Any]
    error: Answer


def run(
    plan: Mapping[str, Any],
    root: Path,
    plan_path: Path,
    *,
    cores: int,
    listener: Callable[[Progress], None] | None = None,
    keep_results: bool = True,
    believe: bool = True,
    cage: Level = "strong",
) -> Outcome:
    """Bring every node of a plan into the store and write the results document.

    Parameters
    ----------
    cores : int
        Nodes at once.
    listener
        Called after each node, from any thread.
    keep_results : bool
        False: gather the document, but leave `results/` alone.
    believe : bool
        False: nodes that were brought from elsewhere or ran uncaged, and all made of them, run
        again here.
    cage : str
        strong; weak: Landlock, seccomp and limits only, for machines without namespaces; none: what
        runs has all our rights. The manifests tell, and only strong ones earn a record.

    Raises
    ------
    IsolationError
        Something must run, and this machine has no whole cage for it.
    NodeFailedError, ScoreInvalidError
        A node failed; what could run without it has run and is kept.
    """
    with locked(root / plan["store"]):
        if not believe:
            distrust(plan, root)
        inventory = take_inventory(plan, root, repair=True)
        if inventory.missing:
            _execute(
                plan,
                root,
                plan_path,
                inventory.missing,
                cores=cores,
                listener=listener,
                cage=cage,
            )
        document = (
            written(plan, root) or results.write(plan, root)
            if keep_results
            else results.collect(plan, root)
        )
    return outcome_of(plan, root, inventory, document, cage=cage)


def _execute(
    plan: Mapping[str, Any],
    root: Path,
    plan_path: Path,
    missing: frozenset[str],
    *,
    cores: int,
    listener: Callable[[Progress], None] | None,
    cage: Level,
) -> None:
    from coopt_dag.execution.pool import Pool

    if cage == "strong":
        require_cage()
    environments = build_environments(plan, root, missing)
    pool = Pool(root, cores, {n: e["preload"] for n, e in plan["environments"].items()}, cage=cage)
    pool.warm(environments[0])  # it imports while we import Snakemake
    failures: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
    done = 0

    def listen(order: Mapping[str, Any], error: Answer) -> None:
        nonlocal done
        done += 1
        if error is not None:
            failures.append((order, error))
        if listener is not None:
            listener(Progress(done, len(missing), order, error))

    started = time.monotonic()
    try:
        write_orders(plan, root, missing, cage=cage)
        from coopt_dag.execution.snakemake_api import make

        finished = make(plan, root, plan_path, missing, pool=pool, listener=listen, cores=cores)
    finally:
        pool.close()
        core_s = (time.monotonic() - started) * min(cores, len(missing))
        pace.remember(root / plan["state"], plan["challenge"], nodes=done, core_s=core_s)
    if failures:
        raise failure_of(*failures[0], others=len(failures) - 1)
    if not finished:
        raise CooptError(  # nobody's failure that we know of; a judge tries again
            "Snakemake did not finish", hint="run plain `snakemake -s workflows/Snakefile` to see"
        )


def failure_of(order: Mapping[str, Any], error: dict[str, Any], *, others: int) -> CooptError:
    """Build the exception for the first node that failed."""
    what = f"solution '{order['solution']}'" if order["solution"] else "its metric"
    tail = f" ({others} other node{'s' * (others > 1)} failed too)" if others else ""
    message = f"step '{order['step']}', {what}: {error['message']}{tail}"
    hint, path = error.get("hint") or "", os.path.normpath(order["code"])
    match error.get("error"):
        case "IsolationError":
            return IsolationError(message, hint=hint)
        case "CooptError":  # the owner's data, or the like: nothing that ran is to blame
            return CooptError(message, path=path, hint=hint)
        case "ScoreInvalidError":
            return ScoreInvalidError(message, path=path, hint=hint, field=error.get("field"))
    return NodeFailedError(
        message,
        failure=error.get("failure", "crashed"),
        step=order["step"],
        path=path,
        hint=hint,
        field=error.get("field"),
    )

"""`coopt evaluate status`: what the evaluator of a workspace has in hand."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import put, say
from coopt_dag.errors import UsageError

if TYPE_CHECKING:
    from coopt_dag.evaluation.queue import Row
    from coopt_dag.specs.loaded import LoadedWorkspace


def known_rows(workspace: LoadedWorkspace) -> list[Row]:
    """Give what the queue of this workspace's ledger holds."""
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.queue import FILE, Queue
    from coopt_dag.evaluation.service import ledger_name

    path = workspace.state_dir / FILE
    name = ledger_name(wiring.ledger(workspace, write=False))
    if name is None or not path.is_file():
        return []
    queue = Queue(path, name)
    try:
        return queue.rows()
    finally:
        queue.close()


def page(workspace: LoadedWorkspace) -> str:
    """Give Prometheus text."""
    from coopt_dag.evaluation.metrics_text import metrics_text
    from coopt_dag.evaluation.queue import is_served

    return metrics_text(
        known_rows(workspace), is_up=is_served(workspace.state_dir), now=time.time()
    )


def status(
    as_json: Json = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="Print Prometheus text.")] = False,
) -> None:
    """Show what the evaluator of this workspace has in hand.

    Example: coopt evaluate status
    """
    from coopt_dag.cli import wiring
    from coopt_dag.evaluation.queue import is_served

    if as_json and metrics:
        raise UsageError("--json and --metrics are two forms", hint="choose one of them")
    workspace = wiring.here()
    if metrics:
        sys.stdout.write(page(workspace))
        return
    shown = _overview(known_rows(workspace), is_up=is_served(workspace.state_dir), now=time.time())
    if as_json:
        put(shown)
    else:
        _print_overview(shown)


def _overview(rows: list[Row], *, is_up: bool, now: float) -> dict[str, Any]:
    from coopt_dag.evaluation.queue import STATES

    done = sorted((r for r in rows if r.ended_at), key=lambda r: (r.ended_at or 0.0, r.id))
    return {
        "up": is_up,
        "states": {s: sum(r.state == s for r in rows) for s in STATES},
        "running": [
            {"id": r.id, "step": f"{r.challenge}/{r.step}", "for_s": _since(r.started_at, now)}
            | {"pid": r.pid}
            for r in rows
            if r.state == "running"
        ],
        "waiting": [
            {"id": r.id, "step": f"{r.challenge}/{r.step}", "failures": r.failures}
            | {"next_try_in_s": max(0, round(r.next_try - now)), "error": r.error}
            for r in rows
            if r.state == "infrastructure-retry"
        ],
        "last": [
            {"id": r.id, "step": f"{r.challenge}/{r.step}", "status": r.status}
            | {"reason": r.reason, "tx_hash": r.tx_hash, "ago_s": _since(r.ended_at, now)}
            for r in done[-10:]
        ],
    }


def _since(then: float | None, now: float) -> int | None:
    return None if then is None else max(0, round(now - then))


def _print_overview(shown: dict[str, Any]) -> None:
    from coopt_dag.report.board import table

    say("a service is at work" if shown["up"] else "no service is at work")
    say(table([[state, count] for state, count in shown["states"].items()], ("state", "count")))
    for title, key in (("running", "running"), ("waiting", "waiting"), ("last verdicts", "last")):
        rows = shown[key]
        if rows:
            say(f"\n{title}")
            say(table([list(row.values()) for row in rows], tuple(rows[0])))

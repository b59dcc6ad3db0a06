"""What `coopt ledger status` shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coopt_dag.cli import wiring
from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.artifact import CONTRACTS

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.protocol import Ledger
    from coopt_dag.specs.loaded import LoadedWorkspace


def look(workspace: LoadedWorkspace, who: str | None, *, now: int) -> dict[str, Any]:
    """Give the rows, in the order in which they are shown.

    Raises
    ------
    LedgerUnavailableError
        There is no ledger yet, it does not answer, or its contracts are not the committed ones.
    """
    config = workspace.spec.ledger
    file = workspace.state_dir / wiring.LEDGER_FILE
    if config.kind == "embedded" and not file.is_file():
        raise LedgerUnavailableError(
            "there is no ledger yet", path=file, hint="coopt challenge register CHALLENGE"
        )
    ledger = wiring.ledger(workspace, write=True)
    try:
        return _rows(workspace, ledger, who, now)
    finally:
        ledger.close()


def _rows(workspace: LoadedWorkspace, ledger: Ledger, who: str | None, now: int) -> dict[str, Any]:
    config = workspace.spec.ledger
    head, events, home = ledger.head(), ledger.events(), ledger.domain()
    places = {name: ledger.domain(name).contract for name in CONTRACTS}
    at = {
        "rpc": config.url,
        "embedded": str(workspace.state_dir / wiring.LEDGER_FILE),
        "memory": "this process",
    }
    return {
        "kind": config.kind,
        "at": at[config.kind],
        "chain_id": home.chain_id,
        "height": head.height,
        "head_hash": head.block_hash,
        "head_time": _moment(head.time),
        "clock_ahead_s": now - head.time,
        "contracts": places,
        "code": "none" if config.kind == "memory" else "as committed",
        "paused_until": _paused(events, now),
        "events": len(events),
        "index_events": _indexed(workspace.state_dir, ledger, places),
        "pending_relays": _pending(workspace),
        "balance_wei": _balance(workspace, ledger, who),
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _paused(events: list[Event], now: int) -> str | None:
    """Give the end of a pause that lasts."""
    from coopt_dag.ledger.events import PauseEnded, PauseStarted

    last = next((e for e in reversed(events) if isinstance(e, PauseEnded | PauseStarted)), None)
    if not isinstance(last, PauseStarted) or last.until <= now:
        return None
    return _moment(last.until)


def _indexed(folder: Path, ledger: Ledger, places: dict[str, str]) -> int | None:
    """Give how many events the index has, if there is one."""
    from coopt_dag.ledger.index.book import Index, index_path

    chain_id = ledger.domain().chain_id
    path = index_path(folder, chain_id=chain_id, address=places["ledger"])
    if not path.is_file():
        return None
    index = Index(path, chain_id=chain_id, addresses=places)
    try:
        return index.count()
    finally:
        index.close()


def _pending(workspace: LoadedWorkspace) -> int | None:
    from coopt_dag.ledger.outbox import Outbox

    folder = wiring.outbox(workspace)
    return None if folder is None else len(Outbox(folder).pending())


def _balance(workspace: LoadedWorkspace, ledger: Ledger, who: str | None) -> int | None:
    from coopt_dag.evaluation.coin import Teller

    if who is None or not isinstance(ledger, Teller):
        return None
    return ledger.balance(wiring.address_of(workspace, who))

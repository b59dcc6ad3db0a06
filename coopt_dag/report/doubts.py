"""Disputes, open and decided, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.events import Disputed, DisputeDecided, SpreadFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coopt_dag.ledger.events import Event

    Row = dict[str, Any]


def doubts(
    events: Iterable[Event], challenge: str | None, *, name_of: Callable[[str], str]
) -> list[Row]:
    """Give all doubts about scores in the order of the ledger: open, upheld, rejected, lapsed.

    Examples
    --------
    >>> from coopt_dag.ledger.events import SpreadFound
    >>> where = {"seq": 0, "block": 1, "time": 0, "tx_hash": "0x", "actor": "0xa"}
    >>> score = {"score_wad": 1, "e2e_score_wad": 1, "spread_wad": 2, "vote_by": 9}
    >>> found = SpreadFound(challenge="toy", step="fit", submission_id=3, **score, **where)
    >>> [(r["id"], r["state"], r["by"]) for r in doubts([found], None, name_of=str)]
    [(3, 'open', 'spread')]
    """
    rows: list[Row] = []
    is_open: dict[int, Row] = {}
    for event in events:
        if isinstance(event, Disputed | SpreadFound):
            row = _opened(event, name_of)
            is_open[event.submission_id] = row
            rows.append(row)
        elif isinstance(event, DisputeDecided):
            is_open.pop(event.submission_id).update(_ended(event, name_of))
    return [r for r in rows if challenge in {None, r["step"].partition("/")[0]}]


def _opened(event: Disputed | SpreadFound, name_of: Callable[[str], str]) -> Row:
    by_somebody = isinstance(event, Disputed)
    return {
        "id": event.submission_id,
        "step": f"{event.challenge}/{event.step}",
        "by": name_of(event.actor) if by_somebody else "spread",
        "bond_wei": event.bond_wei if isinstance(event, Disputed) else 0,
        "evidence_cid": event.evidence_cid if isinstance(event, Disputed) else "",
        "vote_by": event.vote_by,
        "state": "open",
        "bond_to": None,
        "report_cid": "",
    }


def _ended(event: DisputeDecided, name_of: Callable[[str], str]) -> Row:
    how = "upheld" if event.upheld else "rejected"
    return {
        "state": how if event.report_cid else f"lapsed, {how}",
        "bond_to": name_of(event.bond_to) if event.bond_wei else None,
        "report_cid": event.report_cid,
    }

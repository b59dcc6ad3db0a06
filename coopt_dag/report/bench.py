"""The evaluators of a challenge as rows: who judges, from when, until when, how much it did."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.entries import FOR_EVER
from coopt_dag.ledger.events import Attested, Rejected, RoundExpired, Scored
from coopt_dag.model.moment import from_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.state import LedgerState

    Row = dict[str, Any]


def bench(
    state: LedgerState,
    events: Sequence[Event],
    challenge: str,
    *,
    name_of: Callable[[str], str],
    now: int,
) -> list[Row]:
    """Give the evaluators in the order in which they were named.

    `judged` counts attestations, alone or in a quorum; `withheld` rounds in which one did not
    show what it had committed to.
    """
    judged, withheld = _judged(state, events, challenge), _withheld(state, events, challenge)
    rows = []
    for who in state.challenges[challenge].evaluators:
        since, until = state.terms.get((challenge, who), (0, FOR_EVER))
        rows.append(
            {
                "who": name_of(who),
                "address": who,
                "since": since,
                "until": None if until == FOR_EVER else until,
                "judged": judged[who],
                "withheld": withheld[who],
                "state": _state(since, until, now=now),
            }
        )
    return rows


def _state(since: int, until: int, *, now: int) -> str:
    if now < since:
        return f"judges from {from_seconds(since)}"
    if now >= until:
        return f"left at {from_seconds(until)}"
    return "judges" if until == FOR_EVER else f"judges until {from_seconds(until)}"


def _judged(state: LedgerState, events: Sequence[Event], challenge: str) -> Counter[str]:
    if state.challenges[challenge].quorum > 1:
        attested = [e for e in events if isinstance(e, Attested)]
        return Counter(e.evaluator for e in attested if e.challenge == challenge)
    alone = [e for e in events if isinstance(e, Scored | Rejected)]
    return Counter(e.actor for e in alone if e.challenge == challenge)


def _withheld(state: LedgerState, events: Sequence[Event], challenge: str) -> Counter[str]:
    named = state.challenges[challenge].evaluators
    expired = [e for e in events if isinstance(e, RoundExpired)]
    return Counter(
        who
        for e in expired
        if e.challenge == challenge
        for number, who in enumerate(named)
        if e.withheld >> number & 1
    )

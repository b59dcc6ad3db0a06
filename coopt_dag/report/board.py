"""Boards, logs and profiles: from the ledger's state to rows, from rows to text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.model.wad import from_wad
from coopt_dag.report.sentences import sentence
from coopt_dag.report.standing import said, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.state import LedgerState, Submission

Row = dict[str, Any]
"""One line, by column name."""


def _score(wad: int | None) -> str | None:
    return None if wad is None else from_wad(wad)


def submission_row(entry: Submission, *, name_of: Callable[[str], str]) -> Row:
    """Give a submission as a row; scores are exact decimal texts."""
    return {
        "id": entry.id,
        "step": entry.step,
        "who": name_of(entry.contributor),
        "status": entry.status,
        "score": _score(entry.score_wad),
        "before": _score(entry.before_wad),
        "improvement": _score(entry.improvement_wad),
        "end_to_end": _score(entry.e2e_score_wad),
        "parents": list(entry.parents),
        "reason": entry.reason,
        "metric": entry.metric_version,
        "solution_cid": entry.solution_cid,
        "tx_hash": entry.tx_hash,
    }


def board(
    state: LedgerState,
    challenge: str,
    step: str | None,
    *,
    name_of: Callable[[str], str],
    now: int = 0,
) -> list[Row]:
    """Give the submissions of a challenge or step: steps in order, the best first.

    Scores that were struck come behind those that count. `now` tells which times are over.
    """
    rows = []
    order = [s for c, s in state.steps if c == challenge]
    for name in order if step is None else [step]:
        entries = [
            s for s in state.submissions.values() if (s.challenge, s.step) == (challenge, name)
        ]
        sign = 1 if state.steps[challenge, name].direction == "minimise" else -1
        entries.sort(
            key=lambda s, sign=sign: (  # type: ignore[misc]
                s.score_wad is None or s.status == "struck",
                sign * (s.score_wad or 0),
                s.id,
            )
        )
        head = state.head(challenge, name)
        for entry in entries:
            row = submission_row(entry, name_of=name_of)
            row["head"] = head is not None and head.submission_id == entry.id
            row["now"] = from_wad(head.score_wad) if head and row["head"] else None
            row["standing"] = standing(state, entry, now=now)
            row["said"] = said(state, entry.id)
            rows.append(row)
    return rows


def profile(state: LedgerState, address: str, *, name_of: Callable[[str], str]) -> Row:
    """Give one person's track record."""
    mine = [s for _, s in sorted(state.submissions.items()) if s.contributor == address]
    numbers = {s.id for s in mine}
    reused = [s.id for s in state.submissions.values() if numbers & set(s.parents)]
    return {
        "who": name_of(address),
        "address": address,
        "submissions": len(mine),
        "records": sum(1 for s in mine if s.status == "record"),
        "heads_held": sum(1 for h in state.heads.values() if h.contributor == address),
        "struck": sum(1 for s in mine if s.status == "struck"),
        "built_upon_by": sorted(reused),
        **_voice(state, address, numbers),
        "entries": [submission_row(s, name_of=name_of) | {"said": said(state, s.id)} for s in mine],
    }


def _voice(state: LedgerState, address: str, mine: set[int]) -> Row:
    """Count what a person says of others' work, and what others say of its own."""
    reviews = [(n, r.who) for n, found in state.reviews.items() for r in found]
    endorsed = [(n, who) for n, found in state.endorsements.items() for who in found]
    return {
        "reviews_given": sum(who == address for _, who in reviews),
        "reviews_received": sum(number in mine for number, _ in reviews),
        "endorsements_given": sum(who == address for _, who in endorsed),
        "endorsements_received": sum(number in mine for number, _ in endorsed),
    }


def log_row(event: Event, *, name_of: Callable[[str], str]) -> Row:
    """Give an event as a row."""
    known = {name: getattr(event, name) for name in _fields(event)}
    meta = {"seq", "block", "time", "tx_hash", "actor"}
    return {
        "seq": event.seq,
        "block": event.block,
        "time": event.time,
        "event": type(event).__name__,
        "who": name_of(event.actor),
        "tx_hash": event.tx_hash,
        "text": sentence(event, name_of=name_of),
        "fields": {k: _plain(k, v) for k, v in known.items() if k not in meta},
    }


def _fields(event: Event) -> list[str]:
    return [n for cls in reversed(type(event).__mro__) for n in getattr(cls, "__slots__", ())]


def _plain(name: str, value: Any) -> Any:
    if name.endswith("_wad") and isinstance(value, int):
        return from_wad(value)
    return list(value) if isinstance(value, tuple) else value


def table(rows: Iterable[Sequence[Any]], headers: Sequence[str]) -> str:
    """Lay rows out in columns; numbers are right-aligned.

    >>> print(table([("a", 1.5), ("bb", 10)], ("name", "value")))
    name  value
    a       1.5
    bb       10
    """
    cells = [[_cell(v) for v in row] for row in rows]
    widths = [max([len(h), *(len(r[i]) for r in cells)]) for i, h in enumerate(headers)]
    right = [bool(cells) and all(_is_number(r[i]) for r in cells) for i in range(len(headers))]

    def line(values: Sequence[str]) -> str:
        parts = [
            v.rjust(w) if r else v.ljust(w) for v, w, r in zip(values, widths, right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    return "\n".join([line(headers), *(line(r) for r in cells)])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    # texts of strangers on the ledger must not steer the reader's terminal
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(value))


def _is_number(text: str) -> bool:
    return text == "-" or text.lstrip("-").replace(".", "", 1).isdigit()

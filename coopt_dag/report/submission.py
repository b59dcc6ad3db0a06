"""Everything of one submission: how it stands, and how it came to that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger import events as ev
from coopt_dag.model.moment import from_seconds
from coopt_dag.model.wad import from_wad
from coopt_dag.report.board import submission_row
from coopt_dag.report.sentences import sentence, spread_text
from coopt_dag.report.standing import standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coopt_dag.ledger.state import LedgerState, Submission

    Row = dict[str, Any]
    Namer = Callable[[str], str]


def page(
    state: LedgerState,
    events: Sequence[ev.Event],
    number: int,
    *,
    name_of: Namer,
    now: int,
) -> Row:
    """Give all that the ledger says of a submission.

    Parameters
    ----------
    events
        Of the whole ledger: the state has forgotten disputes that are decided.
    now
        Seconds since 1970.
    """
    entry = state.submissions[number]
    mine = [e for e in events if getattr(e, "submission_id", None) == number]
    head = state.head(entry.challenge, entry.step)
    return submission_row(entry, name_of=name_of) | {
        "challenge": entry.challenge,
        "address": entry.contributor,
        "standing": standing(state, entry, now=now),
        "head": head is not None and head.submission_id == number,
        "epoch": entry.epoch,
        "baseline": entry.is_baseline,
        "commitment": entry.commitment,
        "committed_at": entry.time,
        "reveal_by": entry.reveal_by,
        "report_cid": entry.report_cid,
        "metric_version": entry.metric_version,
        "disputable_until": entry.disputable_until,
        "beat": entry.before_id,
        "built_upon_by": _children(state, number),
        "attestations": [_attestation(e, name_of) for e in mine if isinstance(e, ev.Attested)],
        "round": _round(state, entry, name_of),
        "spread": _spread(mine),
        "dispute": _dispute(state, number, name_of),
        "reviews": [
            {"who": name_of(r.who), "opinion": r.opinion, "cid": r.review_cid, "time": r.time}
            for r in state.reviews.get(number, ())
        ],
        "endorsed_by": [name_of(who) for who in state.endorsements.get(number, ())],
        "history": [
            {"time": e.time, "who": name_of(e.actor), "text": sentence(e, name_of=name_of)}
            | {"event": type(e).__name__, "tx_hash": e.tx_hash}
            for e in mine
        ],
    }


def _spread(mine: Sequence[ev.Event]) -> str | None:
    found = [e.spread_wad for e in mine if isinstance(e, ev.SpreadFound)]
    return spread_text(found[-1]) if found else None


def _children(state: LedgerState, number: int) -> list[int]:
    return sorted(s.id for s in state.submissions.values() if number in s.parents)


def _attestation(event: ev.Attested, name_of: Namer) -> Row:
    is_score = not event.reason
    return {
        "who": name_of(event.evaluator),
        "score": from_wad(event.score_wad) if is_score else None,
        "end_to_end": from_wad(event.e2e_score_wad) if is_score else None,
        "reason": event.reason,
        "report_cid": event.report_cid,
    }


def _round(state: LedgerState, entry: Submission, name_of: Namer) -> Row | None:
    known = state.rounds.get(entry.id)
    if known is None:
        return None
    return {
        "quorum": state.challenges[entry.challenge].quorum,
        "committed": [name_of(who) for who, _ in known.links],
        "shown": [name_of(o.evaluator) for o in known.openings],
        "reveal_by": known.reveal_by,
    }


def _dispute(state: LedgerState, number: int, name_of: Namer) -> Row | None:
    found = state.disputes.get(number)
    if found is None:
        return None
    return {
        "by": name_of(found.disputer) if int(found.disputer, 16) else "the evaluators' spread",
        "bond_wei": found.bond_wei,
        "vote_by": found.vote_by,
        "evidence_cid": found.evidence_cid,
    }


def text(shown: Row) -> str:
    """Lay the page out for a person."""
    first = f"submission {shown['id']}: {shown['challenge']}/{shown['step']} by {shown['who']}"
    lines = [first, f"  {_status(shown)}"]
    lines += [f"  {name}: {value}" for name, value in _facts(shown) if value not in (None, "", [])]
    for title, key, row in (
        ("evaluators found", "attestations", _attested_line),
        ("reviews", "reviews", _review_line),
        ("history", "history", _history_line),
    ):
        if shown[key]:
            lines += [title, *(f"  {row(x)}" for x in shown[key])]
    return "\n".join(lines)


def _status(shown: Row) -> str:
    status = shown["status"] + (", holds the step's record" if shown["head"] else "")
    return f"{status}; {shown['standing']}" if shown["standing"] else status


def _facts(shown: Row) -> list[tuple[str, Any]]:
    score = shown["score"]
    if score is not None and shown["before"] is not None:
        score = f"{shown['before']} -> {score} (gain {shown['improvement']})"
    dispute, known = shown["dispute"], shown["round"]
    return [
        ("score", score),
        ("end to end", shown["end_to_end"]),
        ("solution", shown["solution_cid"]),
        ("report", shown["report_cid"]),
        ("promised", f"{from_seconds(shown['committed_at'])}, as {shown['commitment']}"),
        ("built on", ", ".join(map(str, shown["parents"]))),
        ("built upon by", ", ".join(map(str, shown["built_upon_by"]))),
        ("committed", None if known is None else ", ".join(known["committed"])),
        ("spread", shown["spread"]),
        ("disputed by", None if dispute is None else dispute["by"]),
        ("evidence", None if dispute is None else dispute["evidence_cid"]),
        ("endorsed by", ", ".join(shown["endorsed_by"])),
    ]


def _attested_line(row: Row) -> str:
    found = row["reason"] or f"{row['score']}, end to end {row['end_to_end']}"
    return f"{row['who']}: {found} (report {row['report_cid']})"


def _review_line(row: Row) -> str:
    return f"{row['who']}, {row['opinion']}: {row['cid']}"


def _history_line(row: Row) -> str:
    return f"{from_seconds(row['time'])}  {row['who']}  {row['text']}"

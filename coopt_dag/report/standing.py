"""How a submission stands: what its status alone does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.model.moment import from_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.ledger.state import LedgerState, Submission

_OPINIONS = ("reproduced", "concern", "comment")


def standing(state: LedgerState, entry: Submission, *, now: int) -> str:
    """Tell in a few words what a submission waits for, or why it is what it is.

    Parameters
    ----------
    now
        Seconds since 1970.
    """
    match entry.status:
        case "committed":
            end = from_seconds(entry.reveal_by)
            return f"to be revealed by {end}" if now <= entry.reveal_by else "was never revealed"
        case "pending":
            return _round(state, entry)
        case "contested":
            return f"vote until {from_seconds(state.disputes[entry.id].vote_by)}"
        case "record" if now < entry.disputable_until:
            return f"can be disputed until {from_seconds(entry.disputable_until)}"
        case "struck":
            return "counts no more"
        case _:
            return "" if entry.reason == entry.status else entry.reason


def _round(state: LedgerState, entry: Submission) -> str:
    known, quorum = state.rounds.get(entry.id), state.challenges[entry.challenge].quorum
    if known is None:
        return "waits for an evaluator"
    if known.reveal_by:
        shown, end = len(known.openings), from_seconds(known.reveal_by)
        return f"quorum complete, {shown} of {quorum} shown; to be shown by {end}"
    return f"{len(known.links)} of {quorum} evaluators have committed"


def said(state: LedgerState, number: int) -> str:
    """Count what people say of a submission.

    >>> from coopt_dag.ledger.state import LedgerState, ReviewEntry
    >>> state = LedgerState()
    >>> state.reviews[1] = [ReviewEntry("0xa", "reproduced", "bafy", 0)]
    >>> state.endorsements[1] = ["0xb", "0xc"]
    >>> said(state, 1)
    '1 reproduced, 2 endorse'
    """
    opinions = [r.opinion for r in state.reviews.get(number, ())]
    counts = {opinion: opinions.count(opinion) for opinion in _OPINIONS}
    return voice({**counts, "endorsed": len(state.endorsements.get(number, ()))})


def voice(counts: Mapping[str, int]) -> str:
    """Say how many hold which opinion, and how many endorse.

    >>> voice({"comment": 0, "reproduced": 1, "concern": 0, "endorsed": 2})
    '1 reproduced, 2 endorse'
    """
    words = [*((counts[o], o) for o in _OPINIONS), (counts["endorsed"], "endorse")]
    return ", ".join(f"{count} {word}" for count, word in words if count)

"""Boards and profiles from the index: the rows of `board`, however long the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.report import board as pages_of_state
from coopt_dag.report.standing import voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.index.pages import Pages
    from coopt_dag.report.board import Row

_COUNTS = ("submissions", "records", "heads_held", "struck")
_VOICES = (*("reviews_given", "reviews_received", "endorsements_given", "endorsements_received"),)


def board(
    pages: Pages,
    challenge: str,
    step: str | None,
    *,
    name_of: Callable[[str], str],
    now: int = 0,
    limit: int = 50,
) -> list[Row]:
    """Give the best submissions of a challenge's steps, or of one; none of an unknown challenge.

    Parameters
    ----------
    limit
        Rows of each step.
    """
    steps = list(pages.steps(challenge)) if step is None else [step]
    state = pages.excerpt(challenge, steps, limit=limit)
    rows = pages_of_state.board(state, challenge, step, name_of=name_of, now=now)
    voices = pages.voices(list(state.submissions))
    return [row | {"said": voice(voices[row["id"]])} for row in rows]


def profile(pages: Pages, address: str, *, name_of: Callable[[str], str], limit: int = 50) -> Row:
    """Give one person's track record: counts of everything, the last entries.

    Parameters
    ----------
    limit
        Entries, and submissions that build upon the person's.
    """
    tally, mine = pages.tally(address), pages.of_person(address, limit=limit)[::-1]
    voices = pages.voices([entry.id for entry in mine])
    return {
        "who": name_of(address),
        "address": address,
        **{name: tally[name] for name in _COUNTS},
        "built_upon_by": pages.built_upon_by(address, limit=limit),
        **{name: tally[name] for name in _VOICES},
        "entries": [
            pages_of_state.submission_row(entry, name_of=name_of)
            | {"said": voice(voices[entry.id])}
            for entry in mine
        ],
    }

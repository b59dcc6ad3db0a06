"""What boards and profiles ask of the index: one or two look-ups each, however long the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.index.layout import layouts
from coopt_dag.ledger.index.tallies import PERSON, VOICE
from coopt_dag.ledger.state import LedgerState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from coopt_dag.ledger.entries import HeadEntry, StepEntry, Submission

_CODECS = {layout.name: layout.codec for layout in layouts(LedgerState)}
LIMIT = 50
"""Entries of a page, unless more are asked for."""


class Pages:
    """Reads the index; every answer is the one that `LedgerState` would give.

    Parameters
    ----------
    db
        The index's connection. Who asks several things that must fit together does so within
        one `read` of the file.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def challenges(self) -> list[str]:
        """Give the names of all challenges, the first registered first."""
        return [key for (key,) in self._db.execute("select key from state_challenges order by n")]

    def steps(self, challenge: str) -> dict[str, StepEntry]:
        """Give a challenge's steps in the order of their registration."""
        codec = _CODECS["steps"]
        # '0' follows '/': the range is every key that begins with the challenge's name
        rows = self._db.execute(
            "select key, value from state_steps where key>=? and key<? order by n",
            (f"{challenge}/", f"{challenge}0"),
        )
        return {codec.unpack_key(key)[1]: codec.unpack(value) for key, value in rows}

    def head(self, challenge: str, step: str) -> HeadEntry | None:
        """Give a step's record holder."""
        row = self._db.execute(
            "select value from state_heads where key=?", (f"{challenge}/{step}",)
        ).fetchone()
        return None if row is None else _CODECS["heads"].unpack(row[0])

    def submission(self, number: int) -> Submission | None:
        """Give one submission."""
        found = self._submissions("where key=?", number)
        return found[0] if found else None

    def best(
        self, challenge: str, step: str, *, direction: str, limit: int = LIMIT
    ) -> list[Submission]:
        """Give a step's submissions as boards have them: the best first, then what counts not."""
        place = f"{challenge}/{step}"
        way = "" if direction == "minimise" else "desc"
        found = self._submissions(
            f"where place=? and score is not null order by score {way}, key limit ?", place, limit
        )
        return found + self._submissions(
            f"where place=? and rest is not null order by rest {way}, key limit ?",
            *(place, limit - len(found)),
        )

    def newest(self, challenge: str, step: str, *, limit: int = LIMIT) -> list[Submission]:
        """Give a step's submissions, the newest first."""
        place = f"{challenge}/{step}"
        return self._submissions("where place=? order by key desc limit ?", place, limit)

    def of_person(self, who: str, *, limit: int = LIMIT) -> list[Submission]:
        """Give a person's submissions, the newest first."""
        return self._submissions("where who=? order by key desc limit ?", who, limit)

    def pending(self, *, limit: int = LIMIT) -> list[Submission]:
        """Give what nobody has judged, by priority."""
        return self._submissions("where status='pending' order by key limit ?", limit)

    def tally(self, who: str) -> dict[str, int]:
        """Give a person's counts by name (`tallies.PERSON`), and `heads_held`."""
        row = self._db.execute("select * from person where who=?", (who,)).fetchone()
        held = self._db.execute("select count(*) from state_heads where who=?", (who,)).fetchone()
        counts = [0] * len(PERSON) if row is None else row[1:]
        return dict(zip(PERSON, counts, strict=True)) | {"heads_held": int(held[0])}

    def voices(self, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
        """Give what people say of submissions: counts by name (`tallies.VOICE`)."""
        found = {}
        for number in numbers:
            row = self._db.execute("select * from voice where number=?", (number,)).fetchone()
            counts = [0] * len(VOICE) if row is None else row[1:]
            found[number] = dict(zip(VOICE, counts, strict=True))
        return found

    def built_upon_by(self, who: str, *, limit: int = LIMIT) -> list[int]:
        """Give the submissions that build upon a person's, rising; the last ones, if limited."""
        rows = self._db.execute(
            "select child from reuse where who=? order by child desc limit ?", (who, limit)
        )
        return sorted(number for (number,) in rows)

    def live_claims(
        self, challenge: str, step: str, *, now: int, limit: int = LIMIT
    ) -> dict[str, int]:
        """Give holder → end of each lease that is live at `now`, the longest first."""
        rows = self._db.execute(
            "select key, until from state_claims where place=? and until>?"
            " order by until desc limit ?",
            (f"{challenge}/{step}", now, limit),
        )
        return {_CODECS["claims"].unpack_key(key)[2]: until for key, until in rows}

    def excerpt(self, challenge: str, steps: Iterable[str], *, limit: int = LIMIT) -> LedgerState:
        """Give the part of the state that boards of some steps show.

        What people say of submissions is not in it: see `voices`.
        """
        state = LedgerState(challenges=self._entries("challenges", challenge))
        rules = self.steps(challenge)
        state.steps = {(challenge, step): entry for step, entry in rules.items()}
        for step in steps:
            head = self.head(challenge, step)
            if head is not None:
                state.heads[challenge, step] = head
            for entry in self.best(challenge, step, direction=rules[step].direction, limit=limit):
                state.submissions[entry.id] = entry
                state.rounds |= self._entries("rounds", entry.id)
                state.disputes |= self._entries("disputes", entry.id)
        return state

    def _entries(self, name: str, key: Any) -> dict[Any, Any]:
        """Give the entry of one key as a mapping, empty if there is none."""
        codec = _CODECS[name]
        row = self._db.execute(
            f"select value from state_{name} where key=?",  # noqa: S608  # the layout's own names
            (codec.pack_key(key),),
        ).fetchone()
        return {} if row is None else {key: codec.unpack(row[0])}

    def _submissions(self, where: str, *values: object) -> list[Submission]:
        unpack = _CODECS["submissions"].unpack
        # the words of `where` are our own, see above; values are bound
        rows = self._db.execute(f"select value from state_submissions {where}", values)  # noqa: S608
        return [unpack(value) for (value,) in rows]

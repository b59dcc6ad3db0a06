"""What boards and profiles ask of the index: one or two look-ups each, however long the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.ledger.index.layout import layouts
from coopt_dag.ledger.state import LedgerState

if TYPE_CHECKING:
    import sqlite3

    from coopt_dag.ledger.entries import HeadEntry, StepEntry, Submission

_CODECS = {layout.name: layout.codec for layout in layouts(LedgerState)}
LIMIT = 50
"""Entries of a page, unless more are asked for."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What one person did, in numbers."""

    submissions: int = 0
    records: int = 0
    reused: int = 0
    """Submissions that build upon the person's."""
    heads_held: int = 0


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
        """Give a step's submissions as its board has them: the best first, then those unscored."""
        place = f"{challenge}/{step}"
        order = "score" if direction == "minimise" else "score desc"
        found = self._submissions(
            f"where place=? and score is not null order by {order}, key limit ?", place, limit
        )
        return found + self._submissions(
            "where place=? and score is null order by key limit ?", place, limit - len(found)
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

    def totals(self, who: str) -> Totals:
        """Give a person's numbers."""
        row = self._db.execute(
            "select submissions, records, reused from total where who=?", (who,)
        ).fetchone()
        held = self._db.execute("select count(*) from state_heads where who=?", (who,)).fetchone()
        submissions, records, reused = row or (0, 0, 0)
        return Totals(submissions, records, reused, int(held[0]))

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

    def _submissions(self, where: str, *values: object) -> list[Submission]:
        unpack = _CODECS["submissions"].unpack
        # the words of `where` are our own, see above; values are bound
        rows = self._db.execute(f"select value from state_submissions {where}", values)  # noqa: S608
        return [unpack(value) for (value,) in rows]

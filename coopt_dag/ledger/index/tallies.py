"""Counts of persons and of submissions, kept by differences: pure functions of the state's rows.

What a row adds to a count is taken off when the row changes or goes, forwards and backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from coopt_dag.ledger.entries import ReviewEntry, Submission

PERSON = (
    *("submissions", "records", "struck", "reused"),
    *("reviews_given", "reviews_received", "endorsements_given", "endorsements_received"),
)
"""Columns of the table `person`; `reused` counts submissions that build on the person's."""
VOICE = ("comment", "reproduced", "concern", "endorsed")
"""Columns of the table `voice`: what people say of a submission."""
SCHEMA = f"""
create table person(
  who text primary key, {", ".join(f"{name} integer not null" for name in PERSON)}) without rowid;
create table voice(
  number integer primary key, {", ".join(f"{name} integer not null" for name in VOICE)});
create table reuse(
  who text not null, child integer not null, primary key(who, child)) without rowid;
"""
TABLES = ("person", "voice", "reuse")


class Tallies:
    """Notes what rows add to counts; `flush` writes it.

    Parameters
    ----------
    author_of
        Gives the contributor of a submission, be it one that is just taken back.
    """

    def __init__(self, db: sqlite3.Connection, author_of: Callable[[int], str]) -> None:
        self._db, self._author_of = db, author_of
        self._persons: dict[str, dict[str, int]] = {}
        self._voices: dict[int, dict[str, int]] = {}
        self._reused: list[tuple[str, int]] = []
        self._unused: list[tuple[str, int]] = []
        self.hooks: dict[str, Callable[[Any, Any, Any], None]] = {
            "submissions": self._submission,
            "reviews": self._review,
            "endorsements": self._endorsement,
        }
        """Field of the state → what is told (key, old, new) of each of its rows that changes."""

    def _person(self, who: str, name: str, count: int) -> None:
        counts = self._persons.setdefault(who, {})
        counts[name] = counts.get(name, 0) + count

    def _voice(self, number: int, name: str, count: int) -> None:
        counts = self._voices.setdefault(number, {})
        counts[name] = counts.get(name, 0) + count

    def _submission(self, number: int, old: Submission | None, new: Submission | None) -> None:
        for entry, sign in ((old, -1), (new, 1)):
            if entry is not None:
                self._person(entry.contributor, "submissions", sign)
                self._person(entry.contributor, "records", sign * (entry.status == "record"))
                self._person(entry.contributor, "struck", sign * (entry.status == "struck"))
        before, after = self._authors(old), self._authors(new)
        for who in before - after:
            self._unused.append((who, number))
            self._person(who, "reused", -1)
        for who in after - before:
            self._reused.append((who, number))
            self._person(who, "reused", 1)

    def _authors(self, entry: Submission | None) -> set[str]:
        return set() if entry is None else {self._author_of(number) for number in entry.parents}

    def _review(
        self, key: tuple[int, int], old: ReviewEntry | None, new: ReviewEntry | None
    ) -> None:
        for entry, sign in ((old, -1), (new, 1)):
            if entry is not None:
                self._person(entry.who, "reviews_given", sign)
                self._person(self._author_of(key[0]), "reviews_received", sign)
                self._voice(key[0], entry.opinion, sign)

    def _endorsement(self, key: tuple[int, int], old: str | None, new: str | None) -> None:
        for who, sign in ((old, -1), (new, 1)):
            if who is not None:
                self._person(who, "endorsements_given", sign)
                self._person(self._author_of(key[0]), "endorsements_received", sign)
                self._voice(key[0], "endorsed", sign)

    def flush(self) -> None:
        """Write what was noted."""
        self._db.executemany("delete from reuse where who=? and child=?", self._unused)
        self._db.executemany("insert into reuse values(?,?)", self._reused)
        self._write("person", "who", PERSON, self._persons)
        self._write("voice", "number", VOICE, self._voices)
        self._persons, self._voices, self._reused, self._unused = {}, {}, [], []

    def _write(
        self, table: str, key: str, names: tuple[str, ...], noted: dict[Any, dict[str, int]]
    ) -> None:
        sets = ", ".join(f"{name}={name}+excluded.{name}" for name in names)
        rows = ((k, *(counts.get(name, 0) for name in names)) for k, counts in noted.items())
        self._db.executemany(
            f"insert into {table} values(?{',?' * len(names)})"  # names of our own
            f" on conflict({key}) do update set {sets}",
            rows,
        )

    def sweep(self) -> None:
        """Drop rows that count nothing, as they were before anybody was counted."""
        for table, names in (("person", PERSON), ("voice", VOICE)):
            nothing = " and ".join(f"{name}=0" for name in names)
            self._db.execute(f"delete from {table} where {nothing}")  # noqa: S608  # our own names

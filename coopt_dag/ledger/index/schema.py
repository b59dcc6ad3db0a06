"""The tables of the index's file, and how the file is opened."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.index import tallies
from coopt_dag.ledger.index.layout import fingerprint, layouts
from coopt_dag.ledger.state import LedgerState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VERSION = 1
"""Of the tables below; what the state's entries are made of is compared as well."""
_CACHE_KIB = 64 * 1024
_WAL_PAGES = 8_000  # each checkpoint waits for the disk; while all is built, that is often
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}

_MIRROR = """
create table meta(key text primary key, value text not null) without rowid;
create table cursor(
  only integer primary key check(only = 1), next_block integer not null, events integer not null,
  floor integer not null, checked integer not null, turn integer not null);
create table block(
  number integer primary key, hash blob not null, events integer not null,
  is_empty integer not null);
create index block_empty on block(number) where is_empty;
create table event(
  seq integer primary key, block integer not null, tx blob not null, topics blob not null,
  data blob not null);
create table name(
  key text primary key, challenge text not null, step text not null) without rowid;
create table undo(
  block integer not null, name text not null, key not null, n integer not null, value text,
  primary key(block, name, key)) without rowid;
"""
_DERIVED = """
create index submission_lowest on state_submissions(place, score, key) where score is not null;
create index submission_highest on state_submissions(place, score desc, key)
  where score is not null;
create index submission_rest_lowest on state_submissions(place, rest, key) where rest is not null;
create index submission_rest_highest on state_submissions(place, rest desc, key)
  where rest is not null;
create index submission_newest on state_submissions(place, key);
create index submission_of on state_submissions(who, key);
create index submission_pending on state_submissions(key) where status = 'pending';
create index claim_until on state_claims(place, until);
create index head_of on state_heads(who);
"""

COLUMNS: dict[str, tuple[str, ...]] = {
    "submissions": ("place", "who", "status", "score", "rest"),
    "claims": ("place", "until"),
    "heads": ("who",),
}
"""Field of the state → columns beside key and value, which queries need."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the index has come."""

    next_block: int
    events: int
    floor: int
    """The lowest block to which the undo table leads back."""
    checked: int
    """The last block that was seen to fit those before it."""
    turn: int
    """Counts the writes, so that a process sees that another was faster."""


class IndexFile:
    """A connection to the index.

    Parameters
    ----------
    subject : sequence of str
        What is indexed: chain id and addresses. A file about something else, or of another
        version, is made anew.

    Raises
    ------
    LedgerUnavailableError
        The file cannot be read or written.
    """

    def __init__(self, path: Path, *, subject: Sequence[str]) -> None:
        self.path = path
        self._wanted = {
            "version": str(VERSION),
            "subject": " ".join(subject),
            "entries": fingerprint(LedgerState),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in _DAMAGED:
                raise self.broken(error) from error
            self._replace()

    def _open(self) -> None:
        self.db = _connect(self.path)
        self._prepare()

    def broken(self, error: Exception) -> LedgerUnavailableError:
        """Build the error of a file that does not work."""
        return LedgerUnavailableError(
            f"the index of the ledger cannot be used: {error}",
            path=self.path,
            hint="delete it; it is made anew from the chain",
        )

    def _replace(self) -> None:
        """Begin a new file: what lay there was no database, or a damaged one."""
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self._open()

    def _prepare(self) -> None:
        if self._is_ours():
            return
        with self.write():
            if not self._is_ours():
                self._clear()

    def _is_ours(self) -> bool:
        found = self.db.execute("select 1 from sqlite_master where name='meta'").fetchone()
        if found is None:
            return False
        return dict(self.db.execute("select key, value from meta").fetchall()) == self._wanted

    def _clear(self) -> None:
        for (table,) in self.db.execute(
            "select name from sqlite_master where type='table' and name not like 'sqlite_%'"
        ).fetchall():
            self.db.execute(f'drop table "{table}"')
        self._create(_MIRROR)
        self._create(_states() + _DERIVED + tallies.SCHEMA)
        self.db.executemany("insert into meta values(?,?)", self._wanted.items())
        self.db.execute("insert into cursor values(1, 0, 0, -1, -1, 0)")

    def _create(self, script: str) -> None:
        for statement in filter(str.strip, script.split(";")):
            self.db.execute(statement)

    def clear_state(self) -> None:
        """Empty all that is derived from the mirrored events; within `write`."""
        tables = [f"state_{layout.name}" for layout in layouts(LedgerState)]
        for table in (*tables, *tallies.TABLES, "undo"):
            self.db.execute(f"delete from {table}")  # noqa: S608  # names of our own

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction; a second writer waits, a kill leaves all or nothing."""
        self.db.execute("begin immediate")
        try:
            yield
            self.db.execute("commit")
        except BaseException:
            self.db.execute("rollback")
            raise

    @contextmanager
    def read(self) -> Iterator[None]:
        """One moment: what is read within belongs together."""
        self.db.execute("begin")
        try:
            yield
        finally:
            self.db.execute("rollback")

    def cursor(self) -> Cursor:
        """Tell how far the index has come."""
        row = self.db.execute(
            "select next_block, events, floor, checked, turn from cursor"
        ).fetchone()
        return Cursor(*row)

    def move(self, *, next_block: int, events: int, floor: int) -> None:
        """Say how far it has come; within `write`."""
        self.db.execute(
            "update cursor set next_block=?, events=?, floor=?, checked=min(checked, ?),"
            " turn=turn+1",
            (next_block, events, floor, next_block - 1),
        )

    def check(self, cursor: Cursor) -> None:
        """Say that all blocks fit, unless another process wrote since."""
        self.db.execute(
            "update cursor set checked=? where turn=?", (cursor.next_block - 1, cursor.turn)
        )

    def close(self) -> None:
        """Close the connection."""
        self.db.close()


def _states() -> str:
    made = []
    for layout in layouts(LedgerState):
        extra = "".join(f", {name}" for name in COLUMNS.get(layout.name, ()))
        kind = "" if layout.has_number_key else "n integer primary key, "
        key = "key integer primary key" if layout.has_number_key else "key not null unique"
        made.append(f"create table state_{layout.name}({kind}{key}, value text not null{extra});")
    return "".join(made)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=60, check_same_thread=False)
    db.execute(f"pragma cache_size=-{_CACHE_KIB}")
    mode = db.execute("pragma journal_mode").fetchone()[0]
    if mode != "wal":
        _use_wal(path)
    db.execute(f"pragma wal_autocheckpoint={_WAL_PAGES}")
    db.execute("pragma synchronous=normal")  # a copy: after a power cut it may be a little older
    return db


def _use_wal(path: Path) -> None:
    """Switch the file to WAL; SQLite's own timeout does not cover the switch."""
    import time

    for _ in range(600):
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as db:
            try:
                db.execute("pragma journal_mode=wal")
            except sqlite3.OperationalError:
                time.sleep(0.05)
            else:
                return

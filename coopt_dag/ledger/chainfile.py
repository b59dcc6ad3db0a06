"""The embedded chain's one SQLite file: what is in it, and how it is opened."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError, LedgerUnavailableError
from coopt_dag.ledger.logs import Decoder, Log
from coopt_dag.ledger.protocol import Head
from coopt_dag.ledger.typed import Domain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopt_dag.ledger.actions import Action
    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.protocol import Receipt, Signer

APPLICATION_ID = 0x636F6F70
VERSION = 2
"""Of the tables; files from before blocks of several transactions have 0, and are not read."""
CHAIN_ID = 1337
# The first contract of the deployer, whose key is public, and those that its constructor makes:
# processes that open a new file at the same moment can only mean the same ledger.
ADDRESSES = {
    "ledger": "0xf2e246bb76df876cef8b38ae84130f4f55de395b",
    "guard": "0x4f9da333dcf4e5a53772791b95c161b2fc041859",
    "treasury": "0xb839d80ac52e8cba9fd27adba645231df6839949",
    "notes": "0x47bc41d77663dbd9ae7402039ac03310f6ce9980",
}
_SCHEMA = """
create table if not exists state(key blob primary key, value blob) without rowid;
create table if not exists block(
  number integer primary key, hash blob not null unique, time integer not null,
  header blob not null);
create table if not exists tx(
  hash blob primary key, block integer, position integer, sender blob, recipient blob,
  nonce integer, raw blob, status integer, gas integer, cumulative integer, created blob)
  without rowid;
create unique index if not exists tx_by_block on tx(block, position);
create table if not exists log(
  block integer, number integer, tx blob, address blob, topic0 blob, topic1 blob, topic2 blob,
  topic3 blob, data blob, position integer, primary key(block, number)) without rowid;
create index if not exists log_by_topic on log(topic0, block);
"""


class ChainFile:
    """A connection to the file; every write is one SQLite transaction, synced before it returns.

    Raises
    ------
    LedgerUnavailableError
        The file is no chain of ours, or damaged.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        if not create and not path.is_file():
            raise LedgerUnavailableError(
                "there is no ledger yet", path=path, hint="coopt challenge register CHALLENGE"
            )
        self.path = path
        try:
            if not path.exists():
                _make(path)
            self.db = _connect(path)
            self._check()
        except sqlite3.DatabaseError as error:
            raise LedgerUnavailableError(
                f"the ledger's file cannot be read: {error}",
                path=path,
                hint="restore it from a copy; the file is the whole ledger",
            ) from error

    def _check(self) -> None:
        found = self.db.execute("pragma application_id").fetchone()[0]
        if found != APPLICATION_ID:
            self.db.close()
            raise LedgerUnavailableError(
                "this SQLite file is no ledger of coopt",
                path=self.path,
                hint="check [ledger] in coopt.toml",
            )
        version = self.db.execute("pragma user_version").fetchone()[0]
        if version != VERSION:
            self.db.close()
            raise LedgerUnavailableError(
                f"the ledger's file has tables of version {version}, this coopt has {VERSION}",
                path=self.path,
                hint="open it with the coopt that made it; move it away to begin a new one",
            )

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction; a second writer waits, a kill leaves all or nothing.

        Raises
        ------
        LedgerUnavailableError
            Another process has been writing all the while, or the disk is full.
        """
        try:
            self.db.execute("begin immediate")
            try:
                yield
                self.db.execute("commit")
            except BaseException:
                self.db.execute("rollback")
                raise
        except sqlite3.OperationalError as error:
            raise LedgerUnavailableError(
                f"the ledger's file cannot be written: {error}",
                path=self.path,
                hint="is another process writing, or the disk full? nothing was recorded",
            ) from error

    def head(self) -> Head:
        """Give the latest block."""
        row = self.db.execute(
            "select number, hash, time from block order by number desc limit 1"
        ).fetchone()
        if row is None:
            raise LedgerUnavailableError("the ledger holds no block", path=self.path)
        return Head(row[0], "0x" + row[1].hex(), row[2])

    def close(self) -> None:
        """Close the connection."""
        self.db.close()


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.execute("pragma synchronous=full")
    return db


def _make(path: Path) -> None:
    """Make an empty ledger, which appears whole.

    Two processes that prepared one file in place met halfway: switching it to WAL fails at once
    while another connection is open, whatever the timeout.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)  # of a killed process that had our number
    with closing(_connect(part)) as db:
        db.execute("pragma journal_mode=wal")
        db.execute(f"pragma application_id={APPLICATION_ID}")
        db.execute(f"pragma user_version={VERSION}")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            db.execute(statement)
    with suppress(FileExistsError):  # somebody was faster, with the same file
        os.link(part, path)
    part.unlink()


class ChainFileReader:
    """Reads the embedded ledger's events and head straight from its file, in milliseconds."""

    def __init__(self, path: Path) -> None:
        self._file = ChainFile(path, create=False)

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events above `after`.

        Raises
        ------
        IntegrityError
            A row is none that the chain writes: the file was edited, or is damaged.
        """
        try:
            return self._events()[after + 1 :]
        except (sqlite3.DatabaseError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise IntegrityError(
                f"a row of the log cannot be read ({error})",
                path=self._file.path,
                hint="coopt ledger check names the block",
            ) from error

    def _events(self) -> list[Event]:
        decoder, events = Decoder(), []
        rows = self._file.db.execute(
            "select block, tx, topic0, topic1, topic2, topic3, data from log "
            "where address in (?,?,?,?) order by block, number",
            [bytes.fromhex(address[2:]) for address in ADDRESSES.values()],
        )
        for block, tx, *topics, data in rows:
            log = Log(block, "0x" + tx.hex(), tuple(t for t in topics if t is not None), data)
            event = decoder.decode(log)
            if event is not None:
                events.append(event)
        return events

    def send(self, action: Action, *, signer: Signer) -> Receipt:
        """Refuse: this connection only reads."""
        raise LedgerUnavailableError(
            f"{type(action).__name__} by {signer.address}: the ledger is open for reading only",
            path=self._file.path,
            hint="open it with an identity",
        )

    def head(self) -> Head:
        """Give the latest block."""
        return self._file.head()

    def domain(self, contract: str = "ledger") -> Domain:
        """Tell where signatures for a contract count."""
        return Domain(CHAIN_ID, ADDRESSES[contract])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

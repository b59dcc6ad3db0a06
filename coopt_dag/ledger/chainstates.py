"""The accounts' nodes of the embedded chain's file, as py-evm's key-value store."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from eth.db.atomic import AtomicDBWriteBatch
from eth.db.backends.base import BaseAtomicDB

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_REMEMBERED = 40_000


class States(BaseAtomicDB):
    """Trie nodes and codes by their hash.

    What is once read need not be read again, whoever writes to the file: a key says its value.
    What is written waits for `flush`; only then, with the block's transaction, is it kept.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[bytes, bytes] = {}
        self._fresh: dict[bytes, bytes] = {}

    def __getitem__(self, key: bytes) -> bytes:
        found = self._fresh.get(key) or self._known.get(key)
        if found is not None:
            return found
        row = self._db.execute("select value from state where key=?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        value = bytes(row[0])
        self._remember({key: value})
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._fresh[key] = value

    def __delitem__(self, key: bytes) -> None:
        """Keep it: old accounts can be looked at for ever."""

    def _exists(self, key: bytes) -> bool:
        with contextlib.suppress(KeyError):
            return self[key] is not None
        return False

    @contextlib.contextmanager
    def atomic_batch(self) -> Iterator[Any]:
        """Give a batch that is written as a whole."""
        with AtomicDBWriteBatch._commit_unless_raises(self) as batch:
            yield batch

    def flush(self) -> None:
        """Write what is fresh; within the file's `write`."""
        self._db.executemany("insert or ignore into state values(?,?)", self._fresh.items())

    def settle(self) -> None:
        """Note that what was flushed is in the file for good."""
        self._remember(self._fresh)
        self._fresh = {}

    def forget(self) -> None:
        """Drop what was not kept."""
        self._fresh = {}

    def _remember(self, found: dict[bytes, bytes]) -> None:
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known.update(found)

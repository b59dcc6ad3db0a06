"""The chain's logs as they came, with the hashes of their blocks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from coopt_dag.ledger.logs import Log

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from coopt_dag.ledger.index.source import LogSource, RawLog

_WORD = 32


class Mirror:
    """The tables `event`, `block` and `name`; whoever writes holds the transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @contextmanager
    def writing(self) -> Iterator[Callable[[int, RawLog], None]]:
        """Give what keeps an event under its number; all are written at the end."""
        events: list[tuple[int, int, bytes, bytes, bytes]] = []
        blocks: dict[int, tuple[int, bytes, int]] = {}

        def keep(seq: int, log: RawLog) -> None:
            tx = bytes.fromhex(log.tx_hash[2:])
            events.append((seq, log.block, tx, b"".join(log.topics), log.data))
            blocks[log.block] = (log.block, log.block_hash, seq + 1)

        yield keep
        self._db.executemany("insert into event values(?,?,?,?,?)", events)
        self._db.executemany("insert into block values(?,?,?,0)", blocks.values())

    def close_block(self, number: int, block_hash: bytes, events: int) -> None:
        """Note the last block that was looked at, even if nothing happened in it."""
        self._db.execute(
            "insert or ignore into block values(?,?,?,1)", (number, block_hash, events)
        )

    def prune(self, below: int) -> None:
        """Forget blocks without events, and how to undo, up to a block."""
        self._db.execute("delete from block where is_empty and number<?", (below,))
        self._db.execute("delete from undo where block<=?", (below,))

    def last_common(self, source: LogSource) -> int:
        """Give the latest block found that the chain still has; -1 if it has none of ours.

        A hash stands for all blocks before it, so that nothing below a match need be looked at.
        The search takes longer and longer steps back: what it steps over is read again.
        """
        step = 0
        while True:
            row = self._db.execute(
                "select number, hash from block order by number desc limit 1 offset ?", (step,)
            ).fetchone()
            if row is None:
                return self._first_common(source)
            if source.hashes([row[0]]) == [row[1]]:
                return int(row[0])
            step = 2 * step + 1

    def _first_common(self, source: LogSource) -> int:
        row = self._db.execute("select number, hash from block order by number limit 1").fetchone()
        return -1 if row is None or source.hashes([row[0]]) != [row[1]] else int(row[0])

    def before(self, number: int) -> int:
        """Give the latest known block below a number, -1 if there is none."""
        row = self._db.execute("select max(number) from block where number<?", (number,)).fetchone()
        return -1 if row[0] is None else int(row[0])

    def known(self, *, above: int) -> dict[int, bytes]:
        """Give number → hash of all known blocks above a number."""
        rows = self._db.execute(
            "select number, hash from block where number>? order by number", (above,)
        )
        return dict(rows.fetchall())

    def cut(self, ancestor: int) -> int:
        """Forget all that came after a block; give how many events are left."""
        row = self._db.execute(
            "select events from block where number<=? order by number desc limit 1", (ancestor,)
        ).fetchone()
        events = 0 if row is None else int(row[0])
        self._db.execute("delete from event where seq>=?", (events,))
        self._db.execute("delete from block where number>?", (ancestor,))
        return events

    def logs(self, first: int, last: int) -> list[Log]:
        """Give events number `first` to `last` as raw logs."""
        rows = self._db.execute(
            "select block, tx, topics, data from event where seq between ? and ? order by seq",
            (first, last),
        )
        return [
            Log(block, "0x" + tx.hex(), _topics(words), data) for block, tx, words, data in rows
        ]

    def batches(self, size: int) -> Iterator[list[Log]]:
        """Give all logs, some at a time."""
        first = 0
        while logs := self.logs(first, first + size - 1):
            yield logs
            first += size

    def range_of(self, block: int) -> tuple[int, int]:
        """Give the numbers of a block's first and last event; the last is less if it has none."""
        row = self._db.execute("select events from block where number=?", (block,)).fetchone()
        before = self._db.execute(
            "select events from block where number<? order by number desc limit 1", (block,)
        ).fetchone()
        first = 0 if before is None else int(before[0])
        return first, first - 1 if row is None else int(row[0]) - 1

    def block_hash_of(self, seq: int) -> bytes | None:
        """Give the hash of an event's block; None if there is no such event."""
        row = self._db.execute(
            "select hash from event join block on number=block where seq=?", (seq,)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def names(self) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
        """Give the names behind the keys of steps and challenges.

        They are hashes of the names, true on every chain, so that nobody undoes them.
        """
        steps, challenges = {}, {}
        for key, challenge, step in self._db.execute("select key, challenge, step from name"):
            if step:
                steps[key] = (challenge, step)
            else:
                challenges[key] = challenge
        return steps, challenges

    def keep_names(self, steps: dict[str, tuple[str, str]], challenges: dict[str, str]) -> None:
        """Keep names that are new."""
        rows = [(key, *names) for key, names in steps.items()]
        rows += [(key, name, "") for key, name in challenges.items()]
        self._db.executemany("insert or ignore into name values(?,?,?)", rows)


def _topics(words: bytes) -> tuple[bytes, ...]:
    return tuple([words[i : i + _WORD] for i in range(0, len(words), _WORD)])

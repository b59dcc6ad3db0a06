"""Brings the index to where the chain is: goes back where the chain did, then takes in the rest."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.index.mirror import Mirror
from coopt_dag.ledger.index.stored import StoredState
from coopt_dag.ledger.logs import Decoder
from coopt_dag.ledger.projection import apply, is_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.index.schema import Cursor, IndexFile
    from coopt_dag.ledger.index.source import LogSource, RawLog, Span
    from coopt_dag.ledger.state import LedgerState

DEPTH = 128
"""Blocks that can be undone row by row; what goes deeper folds the mirrored events anew."""
CHECKED = 128
"""Blocks below the head whose hashes are compared once more after they were read."""
_TRIES = 8
_FOLDED_AT_ONCE = 5_000


class Follower:
    """Keeps one index; holds what it folded last in memory until another process writes."""

    def __init__(self, file: IndexFile, *, depth: int = DEPTH) -> None:
        self._file, self._depth = file, depth
        self._mirror = Mirror(file.db)
        self._turn = -1
        self._load()

    def _load(self) -> None:
        """Begin anew from what the file holds; within a transaction."""
        cursor = self._file.cursor()
        self._stored = StoredState(self._file)
        steps, challenges = self._mirror.names()
        self._decoder = Decoder(steps=steps, challenges=challenges, count=cursor.events)
        self._named = (len(steps), len(challenges))
        self._turn = cursor.turn

    def refresh(
        self, source: LogSource, *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Take in everything up to the chain's head.

        Parameters
        ----------
        progress
            Called with the last block taken in, and the chain's last.

        Raises
        ------
        LedgerUnavailableError
            The chain does not answer, or does not come to rest.
        """
        try:
            tries = 0
            while tries < _TRIES:
                found = self._once(source, progress)
                if found:
                    return
                tries += found is not None
        except sqlite3.DatabaseError as error:
            raise self._file.broken(error) from error
        raise LedgerUnavailableError(
            f"the chain's blocks did not fit together, {_TRIES} times",
            hint="wait for its nodes to agree, then try again",
        )

    def _once(self, source: LogSource, progress: Callable[[int, int], None] | None) -> bool | None:
        """Go back and forward once; tell whether the chain was at rest meanwhile.

        None: another process was faster, and how far it came is where to go on from.
        """
        self._go_back(source)
        head = source.head()
        cursor = self._file.cursor()
        try:
            for span in source.spans(cursor.next_block, head):
                taken = self._take(span, cursor, head)
                if taken is None:
                    return None
                cursor = taken
                if progress is not None:
                    progress(span.last, head)
        except LookupError:  # an event without the one that it follows: read from two branches
            self._is_whole(source, cursor, head)
            return False
        return self._is_whole(source, cursor, head) and cursor.next_block > head

    def _is_whole(self, source: LogSource, cursor: Cursor, head: int) -> bool:
        """Tell whether all that was taken in is of one chain; go back to where it is not.

        An answer from before a change and one from after it may have come together. Blocks that
        lay deeper than `CHECKED` when they were read are taken for final.
        """
        if cursor.checked == cursor.next_block - 1:
            return True  # nothing is new, and the last block was compared when we began
        known = self._mirror.known(above=max(cursor.checked - 1, head - CHECKED))
        found = source.hashes(list(known))
        wrong = [n for n, found_hash in zip(known, found, strict=True) if found_hash != known[n]]
        if wrong:
            self._undo(self._mirror.before(wrong[0]), cursor)
        else:
            self._file.check(cursor)
        return not wrong

    def _go_back(self, source: LogSource) -> None:
        ancestor = self._mirror.last_common(source)
        cursor = self._file.cursor()
        if cursor.next_block - 1 > ancestor:
            self._undo(ancestor, cursor)

    def _undo(self, ancestor: int, cursor: Cursor) -> None:
        """Forget what came after a block, unless another process wrote meanwhile."""
        with self._file.write():
            if self._file.cursor() == cursor:
                self._forget(ancestor, cursor)
        self._turn = -1  # what is in memory is not what the file holds now

    def _forget(self, ancestor: int, cursor: Cursor) -> None:
        events = self._mirror.cut(ancestor)
        self._load()
        if ancestor >= cursor.floor:
            self._stored.undo(to_block=ancestor)
            floor = cursor.floor
        else:
            self._fold_again()
            floor = ancestor
        self._file.move(next_block=ancestor + 1, events=events, floor=floor)

    def _fold_again(self) -> None:
        """Derive everything from the mirrored events, which are of the same chain still."""
        self._file.clear_state()
        self._stored = StoredState(self._file)
        self._decoder.count = 0
        for logs in self._mirror.batches(_FOLDED_AT_ONCE):
            for log in logs:
                _apply(self._stored.state, self._decoder.decode(log))
            self._stored.flush()

    def _take(self, span: Span, cursor: Cursor, head: int) -> Cursor | None:
        """Take in a span; None if another process wrote meanwhile."""
        with self._file.write():
            if self._file.cursor() != cursor:
                return None
            if self._turn != cursor.turn:
                self._load()
            self._turn = -1  # until the file has it, what is in memory is ahead of it
            floor = self._fold(span, max(cursor.floor, head - self._depth))
            self._mirror.close_block(span.last, span.last_hash, self._decoder.count)
            self._mirror.prune(floor)
            self._keep_names()
            self._file.move(next_block=span.last + 1, events=self._decoder.count, floor=floor)
            taken = self._file.cursor()
        self._turn = taken.turn
        return taken

    def _fold(self, span: Span, floor: int) -> int:
        """Fold a span's logs; those above `floor` block by block, so that they can be undone."""
        deep = [log for log in span.logs if log.block <= floor]
        self._stored.keep_under(None)
        self._fold_logs(deep)
        for block, logs in groupby(span.logs[len(deep) :], key=lambda log: log.block):
            self._stored.keep_under(block)
            self._fold_logs(list(logs))
        return min(floor, span.last)

    def _fold_logs(self, logs: Iterable[RawLog]) -> None:
        decoder, state = self._decoder, self._stored.state
        with self._mirror.writing() as keep:
            for log in logs:
                kind, seq = decoder.kind(log), decoder.count
                if kind is None:
                    continue
                if is_told(kind):
                    _apply(state, decoder.decode(log))
                else:
                    decoder.count += 1
                keep(seq, log)
        self._stored.flush()

    def _keep_names(self) -> None:
        named = (len(self._decoder.steps), len(self._decoder.challenges))
        if named != self._named:
            self._mirror.keep_names(self._decoder.steps, self._decoder.challenges)
            self._named = named


def _apply(state: LedgerState, event: Event | None) -> None:
    if event is not None:
        apply(state, event)

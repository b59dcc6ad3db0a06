"""All events of one deployment, as its chain has them now: in memory, or in the index's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from coopt_dag.ledger.logs import Decoder

if TYPE_CHECKING:
    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.index.book import Index
    from coopt_dag.ledger.index.source import LogSource


class History(Protocol):
    """Gives events; every call first looks at what is new on the chain, or no more."""

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events whose `seq` is above `after`."""

    def of_transaction(self, tx_hash: str, *, block: int) -> list[Event]:
        """Give what a transaction left in its block."""

    def close(self) -> None:
        """Let go of files."""


class MemoryHistory:
    """Remembers all events; where the chain is another than it was, they are all read anew."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._forget()

    def _forget(self) -> None:
        self._decoder = Decoder()
        self._events: list[Event] = []
        self._tip: tuple[int, bytes] | None = None

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events whose `seq` is above `after`."""
        if self._tip is not None and self._source.hashes([self._tip[0]]) != [self._tip[1]]:
            self._forget()
        first = 0 if self._tip is None else self._tip[0] + 1
        for span in self._source.spans(first, self._source.head()):
            found = (self._decoder.decode(log) for log in span.logs)
            self._events.extend(event for event in found if event is not None)
            self._tip = (span.last, span.last_hash)
        return self._events[after + 1 :]

    def of_transaction(self, tx_hash: str, *, block: int) -> list[Event]:
        """Give what a transaction left; the latest events are looked at first."""
        found: list[Event] = []
        for event in reversed(self.events()):
            if event.block < block:
                break
            if event.tx_hash == tx_hash:
                found.append(event)
        return found[::-1]

    def close(self) -> None:
        """Nothing to let go of."""


class IndexedHistory:
    """Keeps events in the index, so that a process reads only what is new since the last one.

    What it has decoded it remembers, for those who ask again and again.
    """

    def __init__(self, index: Index, source: LogSource) -> None:
        self._index, self._source = index, source
        self._decoded: list[Event] = []
        self._last_hash: bytes | None = None

    def refreshed(self) -> Index:
        """Give the index, as far as the chain is now."""
        self._index.refresh(self._source)
        return self._index

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events whose `seq` is above `after`."""
        index = self.refreshed()
        # the hash of a block stands for all blocks before it, and so for all events
        if self._decoded and index.block_hash_of(len(self._decoded) - 1) != self._last_hash:
            self._decoded = []
        self._decoded += index.events(after=len(self._decoded) - 1)
        if self._decoded:
            self._last_hash = index.block_hash_of(len(self._decoded) - 1)
        return self._decoded[after + 1 :]

    def of_transaction(self, tx_hash: str, *, block: int) -> list[Event]:
        """Give what a transaction left in its block."""
        found = self.refreshed().events_of_block(block)
        return [event for event in found if event.tx_hash == tx_hash]

    def close(self) -> None:
        """Close the index."""
        self._index.close()

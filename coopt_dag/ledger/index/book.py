"""The index as one thing: opened for one deployment, refreshed from its chain, then asked."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

from coopt_dag.ledger.index.follow import DEPTH, Follower
from coopt_dag.ledger.index.mirror import Mirror
from coopt_dag.ledger.index.pages import Pages
from coopt_dag.ledger.index.schema import IndexFile
from coopt_dag.ledger.logs import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.index.source import LogSource


def index_path(folder: Path, *, chain_id: int, address: str) -> Path:
    """Give the index's place in a workspace's state folder.

    >>> from pathlib import Path
    >>> index_path(Path("s"), chain_id=1, address="0xAb").name
    'index-1-0xab.sqlite'
    """
    return folder / f"index-{chain_id}-{address.lower()}.sqlite"


class Index:
    """All events of one deployment, and what boards and profiles ask of them.

    Parameters
    ----------
    path
        Its file; made if it is not there, made anew if it is about another deployment or
        was written by another version.
    addresses
        Our name of each contract → its address.
    depth : int
        Blocks that can be undone row by row; a change of the chain that goes deeper is
        undone too, but slowly.
    """

    def __init__(
        self, path: Path, *, chain_id: int, addresses: Mapping[str, str], depth: int = DEPTH
    ) -> None:
        subject = [str(chain_id), *(addresses[name].lower() for name in sorted(addresses))]
        self._file = IndexFile(path, subject=subject)
        self._follower = Follower(self._file, depth=depth)
        self._mirror = Mirror(self._file.db)
        self.pages = Pages(self._file.db)
        self._lock = RLock()  # one connection has one transaction, whichever thread began it

    def refresh(
        self, source: LogSource, *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Take in what is new on the chain, after taking back what is no more."""
        with self._lock:
            self._follower.refresh(source, progress=progress)

    @contextmanager
    def read(self) -> Iterator[Pages]:
        """Give the pages of one moment: no refresh of another process comes between."""
        with self._lock, self._file.read():
            yield self.pages

    def count(self) -> int:
        """Give the number of events."""
        return self._file.cursor().events

    def events(self, *, after: int = -1, limit: int | None = None) -> list[Event]:
        """Give events above `after`, in order; at most `limit`."""
        with self.read():
            last = self.count() - 1 if limit is None else after + limit
            return self._decode(after + 1, last)

    def events_of_block(self, block: int) -> list[Event]:
        """Give the events of one block."""
        with self.read():
            return self._decode(*self._mirror.range_of(block))

    def block_hash_of(self, seq: int) -> bytes | None:
        """Give the hash of an event's block; None if there are not so many events."""
        return self._mirror.block_hash_of(seq)

    def _decode(self, first: int, last: int) -> list[Event]:
        steps, challenges = self._mirror.names()
        decoder = Decoder(steps=steps, challenges=challenges, count=first)
        found = (decoder.decode(log) for log in self._mirror.logs(first, last))
        return [event for event in found if event is not None]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

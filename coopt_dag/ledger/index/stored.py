"""The ledger's state with its mappings in the index's file: folded by the same code as in memory.

`projection.apply` cannot tell the difference, so that no rule is written twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.index.layout import layouts
from coopt_dag.ledger.index.schema import COLUMNS
from coopt_dag.ledger.index.shelf import Lists, Shelf
from coopt_dag.ledger.index.tallies import Tallies
from coopt_dag.ledger.state import LedgerState

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.index.schema import IndexFile
    from coopt_dag.ledger.state import HeadEntry, Submission

_SCORE_BYTES = 17
_ZERO_SCORE = 2**128  # scores are int128; sorted as bytes they keep their order


def score_key(score_wad: int) -> bytes:
    """Give bytes that sort as scores do.

    >>> score_key(-5) < score_key(3) < score_key(10**20)
    True
    """
    return (score_wad + _ZERO_SCORE).to_bytes(_SCORE_BYTES, "big")


class StoredState:
    """A `LedgerState` that lives in a file; what changed is written by `flush`."""

    def __init__(self, file: IndexFile) -> None:
        self._db = file.db
        self.shelves: dict[str, Shelf] = {}
        self._tallies = Tallies(file.db, self._author_of)
        mappings: dict[str, Any] = {}
        for layout in layouts(LedgerState):
            shelf = Shelf(
                file.db,
                layout,
                columns=COLUMNS.get(layout.name, ()),
                values=_VALUES.get(layout.name),
                changed=self._tallies.hooks.get(layout.name),
            )
            self.shelves[layout.name] = shelf
            mappings[layout.name] = Lists(shelf) if layout.is_lists else shelf
        self._lists = [m for m in mappings.values() if isinstance(m, Lists)]
        self.state = LedgerState(**mappings)

    def keep_under(self, block: int | None) -> None:
        """Say under which block a flush keeps what was there before it; None: nowhere."""
        journal = None if block is None else self._journal(block)
        for shelf in self.shelves.values():
            shelf.journal = journal

    def flush(self) -> None:
        """Write all changes."""
        for shelf in self.shelves.values():
            shelf.announce()
        for shelf in self.shelves.values():
            shelf.flush()
        self._tallies.flush()

    def _author_of(self, number: int) -> str:
        return str(self.shelves["submissions"].either(number).contributor)

    def _journal(self, block: int) -> Callable[[list[tuple[Any, ...]]], None]:
        def keep(rows: list[tuple[Any, ...]]) -> None:
            # the first image of a block is the one before it
            self._db.executemany(
                "insert or ignore into undo values(?,?,?,?,?)", ((block, *row) for row in rows)
            )

        return keep

    def undo(self, *, to_block: int) -> None:
        """Give every row the value that it had after `to_block`."""
        rows = self._db.execute(
            "select name, key, n, value, min(block) from undo where block>? group by name, key",
            (to_block,),
        ).fetchall()
        for name, key, number, value, _ in rows:
            self.shelves[name].restore(key, number, value)
        self.keep_under(None)
        self.flush()
        self._tallies.sweep()
        self._db.execute("delete from undo where block>?", (to_block,))
        for lists in self._lists:
            lists.forget_lengths()


def _of_submission(_number: int, entry: Submission) -> tuple[Any, ...]:
    place = f"{entry.challenge}/{entry.step}"
    counts = entry.score_wad is not None and entry.status != "struck"
    score = score_key(entry.score_wad or 0)
    # what does not count stands behind what does, on boards
    return place, entry.contributor, entry.status, *((score, None) if counts else (None, score))


def _of_claim(key: tuple[str, str, str], until: int) -> tuple[Any, ...]:
    return f"{key[0]}/{key[1]}", until


def _of_head(_place: tuple[str, str], entry: HeadEntry) -> tuple[Any, ...]:
    return (entry.contributor,)


_VALUES: dict[str, Callable[[Any, Any], tuple[Any, ...]]] = {
    "submissions": _of_submission,
    "claims": _of_claim,
    "heads": _of_head,
}

"""The ledger's state with its mappings in the index's file: folded by the same code as in memory.

`projection.apply` cannot tell the difference, so that no rule is written twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.index.layout import layouts
from coopt_dag.ledger.index.schema import COLUMNS
from coopt_dag.ledger.index.shelf import Lists, Shelf
from coopt_dag.ledger.state import LedgerState

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.index.schema import IndexFile
    from coopt_dag.ledger.state import HeadEntry, Submission

_SCORE_BYTES = 17
_ZERO_SCORE = 2**128  # scores are int128; sorted as bytes they keep their order


def score_key(score_wad: int | None) -> bytes | None:
    """Give bytes that sort as scores do.

    >>> score_key(-5) < score_key(3) < score_key(10**20)
    True
    """
    return None if score_wad is None else (score_wad + _ZERO_SCORE).to_bytes(_SCORE_BYTES, "big")


class StoredState:
    """A `LedgerState` that lives in a file; what changed is written by `flush`."""

    def __init__(self, file: IndexFile) -> None:
        self._db = file.db
        self.shelves: dict[str, Shelf] = {}
        self._totals: dict[str, tuple[int, ...]] = {}
        self._reused: list[tuple[str, int]] = []
        self._unused: list[tuple[str, int]] = []
        mappings: dict[str, Any] = {}
        for layout in layouts(LedgerState):
            shelf = Shelf(
                file.db,
                layout,
                columns=COLUMNS.get(layout.name, ()),
                values=_VALUES.get(layout.name),
                changed=self._count if layout.name == "submissions" else None,
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
            shelf.flush()
        self._db.executemany("delete from reuse where who=? and child=?", self._unused)
        self._db.executemany("insert into reuse values(?,?)", self._reused)
        self._db.executemany(
            "insert into total values(?,?,?,?) on conflict(who) do update set"
            " submissions=submissions+excluded.submissions, records=records+excluded.records,"
            " reused=reused+excluded.reused",
            [(who, *counts) for who, counts in self._totals.items()],
        )
        self._totals, self._reused, self._unused = {}, [], []

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
        self._db.execute("delete from total where submissions=0 and reused=0")
        self._db.execute("delete from undo where block>?", (to_block,))
        for lists in self._lists:
            lists.forget_lengths()

    def _count(self, number: int, old: Submission | None, new: Submission | None) -> None:
        """Keep totals of persons, by what one submission adds to them."""
        for entry, sign in ((old, -1), (new, 1)):
            if entry is not None:
                self._add(entry.contributor, sign, sign * (entry.status == "record"), 0)
        before, after = self._authors(old), self._authors(new)
        for who in before - after:
            self._unused.append((who, number))
            self._add(who, 0, 0, -1)
        for who in after - before:
            self._reused.append((who, number))
            self._add(who, 0, 0, 1)

    def _authors(self, entry: Submission | None) -> set[str]:
        if entry is None or not entry.parents:
            return set()
        return {self.shelves["submissions"].either(n).contributor for n in entry.parents}

    def _add(self, who: str, *counts: int) -> None:
        old = self._totals.get(who, (0, 0, 0))
        self._totals[who] = tuple(a + b for a, b in zip(old, counts, strict=True))


def _of_submission(_number: int, entry: Submission) -> tuple[Any, ...]:
    place = f"{entry.challenge}/{entry.step}"
    return place, entry.contributor, entry.status, score_key(entry.score_wad)


def _of_claim(key: tuple[str, str, str], until: int) -> tuple[Any, ...]:
    return f"{key[0]}/{key[1]}", until


def _of_head(_place: tuple[str, str], entry: HeadEntry) -> tuple[Any, ...]:
    return (entry.contributor,)


_VALUES: dict[str, Callable[[Any, Any], tuple[Any, ...]]] = {
    "submissions": _of_submission,
    "claims": _of_claim,
    "heads": _of_head,
}

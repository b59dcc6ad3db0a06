"""A mapping whose rows lie in SQLite: read on demand, written when flushed, undone by block."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, MutableSequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from coopt_dag.ledger.index.layout import Layout

_MISSING: Any = object()
_NOTHING: tuple[int, Any] = (0, _MISSING)
CACHED_MAX = 20_000
"""Entries that one shelf remembers between flushes."""


class Shelf(MutableMapping[Any, Any]):
    """Behaves as a dict does, order of insertion included, without holding its rows in memory.

    Parameters
    ----------
    columns
        Further columns that queries need, and what gives their values of key and entry.
    changed
        Told (key, old, new) of every row that a flush writes; None where there is no entry.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        layout: Layout,
        *,
        columns: tuple[str, ...] = (),
        values: Callable[[Any, Any], tuple[Any, ...]] | None = None,
        changed: Callable[[Any, Any, Any], None] | None = None,
    ) -> None:
        self.name = layout.name
        self._db, self._codec, self._changed = db, layout.codec, changed
        self._values = values or (lambda _key, _entry: ())
        # what the file holds, and what it shall hold
        self._kept: dict[Any, tuple[int, Any]] = {}
        self._now: dict[Any, tuple[int, Any]] = {}
        self._dirty: dict[Any, None] = {}
        self._is_announced = False
        self.journal: Callable[[list[tuple[Any, ...]]], None] | None = None
        """Is given (name, key, n, value) of each row as it was before a flush."""
        self._number_key = layout.has_number_key
        table = f"state_{layout.name}"
        self._next = self._last(table) + 1
        """The next place in the order; no number at or above it is a key, if keys are numbers."""
        self._prepare(table, columns)

    def _prepare(self, table: str, columns: tuple[str, ...]) -> None:
        # table and column names are the layout's, never a stranger's; values are bound
        place = "key" if self._number_key else "n"
        names = (*(() if self._number_key else ("n",)), "key", "value", *columns)
        sets = ", ".join(f"{n}=excluded.{n}" for n in names if n != "key")
        self._select = f"select {place}, value from {table} where key=?"  # noqa: S608
        self._keys = f"select key from {table} order by {place}"  # noqa: S608
        self._delete = f"delete from {table} where key=?"  # noqa: S608
        self._count = f"select count(*) from {table}"  # noqa: S608
        self._write = (
            f"insert into {table}({', '.join(names)}) values({', '.join('?' * len(names))})"
            f" on conflict(key) do update set {sets}"
        )

    def _last(self, table: str) -> int:
        column = "key" if self._number_key else "n"
        row = self._db.execute(f"select max({column}) from {table}").fetchone()  # noqa: S608
        return int(row[0] or 0)

    def _load(self, key: Any) -> tuple[int, Any]:
        found = self._now.get(key, _MISSING)
        if found is _MISSING:
            found = _NOTHING
            if not self._number_key or key < self._next:
                row = self._db.execute(self._select, (self._codec.pack_key(key),)).fetchone()
                if row is not None:
                    found = (row[0], self._codec.unpack(row[1]))
            self._kept[key] = self._now[key] = found
        return found  # type: ignore[no-any-return]

    def __getitem__(self, key: Any) -> Any:
        entry = self._load(key)[1]
        if entry is _MISSING:
            raise KeyError(key)
        return entry

    def __setitem__(self, key: Any, entry: Any) -> None:
        number, old = self._load(key)
        if old is _MISSING:
            number = key if self._number_key else self._next
            self._next = max(self._next, number + 1)
        self._now[key] = (number, entry)
        self._dirty[key] = None

    def __delitem__(self, key: Any) -> None:
        self[key]
        self._now[key] = _NOTHING
        self._dirty[key] = None

    def __iter__(self) -> Iterator[Any]:
        self.flush()
        for row in self._db.execute(self._keys).fetchall():
            yield self._codec.unpack_key(row[0])

    def __len__(self) -> int:
        self.flush()
        return int(self._db.execute(self._count).fetchone()[0])

    def either(self, key: Any) -> Any:
        """Give the entry as it was at the last flush or, if it is new, as it is now."""
        now = self._load(key)
        return self._kept[key][1] if self._kept[key][1] is not _MISSING else now[1]

    def restore(self, packed_key: Any, number: int, value: str | None) -> None:
        """Set a row to what the journal says it was."""
        key = self._codec.unpack_key(packed_key)
        self._load(key)
        self._now[key] = _NOTHING if value is None else (number, self._codec.unpack(value))
        self._dirty[key] = None

    def announce(self) -> None:
        """Tell of each row that the next flush changes, while what it was can still be asked."""
        if self._changed is not None and not self._is_announced:
            for key in list(self._dirty):
                old, now = self._kept[key], self._now[key]
                if now != old:
                    self._changed(key, _none(old[1]), _none(now[1]))
        self._is_announced = True

    def flush(self) -> None:
        """Write what changed since the last flush."""
        self.announce()
        self._is_announced = False
        if not self._dirty:
            return
        written, deleted, before = [], [], []
        pack, pack_key = self._codec.pack, self._codec.pack_key
        for key in list(self._dirty):
            old, now = self._kept[key], self._now[key]
            if now == old:
                continue
            packed, entry = pack_key(key), now[1]
            if self.journal is not None:
                image = None if old[1] is _MISSING else pack(old[1])
                before.append((self.name, packed, old[0], image))
            if entry is _MISSING:
                deleted.append((packed,))
            else:
                head = (packed,) if self._number_key else (now[0], packed)
                written.append((*head, pack(entry), *self._values(key, entry)))
        if self.journal is not None:
            self.journal(before)
        self._db.executemany(self._delete, deleted)
        self._db.executemany(self._write, written)
        self._settle()

    def _settle(self) -> None:
        """Take what was written as what the file holds; forget all if that is much."""
        if len(self._now) > CACHED_MAX:
            self._now, self._kept = {}, {}
        else:
            for key in self._dirty:
                self._kept[key] = self._now[key]
        self._dirty = {}


def _none(entry: Any) -> Any:
    return None if entry is _MISSING else entry


class Lists(MutableMapping[Any, Any]):
    """A mapping to lists that grow, of which each element is a row."""

    def __init__(self, rows: Shelf) -> None:
        self.rows = rows
        self._lengths: dict[Any, int] = {}

    def length(self, key: Any) -> int:
        """Give the number of elements."""
        if key not in self._lengths:
            low, high = 0, 1  # elements are numbered without gaps: gallop, then halve
            while (*_parts(key), high - 1) in self.rows:
                low, high = high, high * 2
            while low < high - 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if (*_parts(key), middle - 1) in self.rows else (low, middle)
                )
            self._lengths[key] = low
        return self._lengths[key]

    def grow(self, key: Any, entry: Any) -> None:
        """Append an element."""
        at = self.length(key)
        self.rows[(*_parts(key), at)] = entry
        self._lengths[key] = at + 1

    def shrink(self, key: Any) -> None:
        """Take the last element off."""
        at = self.length(key) - 1
        del self.rows[(*_parts(key), at)]
        self._lengths[key] = at

    def __getitem__(self, key: Any) -> Any:
        if self.length(key) == 0:
            raise KeyError(key)
        return Stored(self, key)

    def setdefault(self, key: Any, default: Any = None) -> Any:  # noqa: ARG002  # dict's
        """Give the list of `key`, empty if there is none."""
        return Stored(self, key)

    def __setitem__(self, key: Any, entries: Iterable[Any]) -> None:
        del self[key]
        for entry in entries:
            self.grow(key, entry)

    def __delitem__(self, key: Any) -> None:
        for at in range(self.length(key)):
            del self.rows[(*_parts(key), at)]
        self._lengths[key] = 0

    def __iter__(self) -> Iterator[Any]:
        seen = dict.fromkeys(row[:-1] for row in self.rows)
        return iter([key[0] if len(key) == 1 else key for key in seen])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def forget_lengths(self) -> None:
        """Count anew: rows were restored."""
        self._lengths = {}


class Stored(MutableSequence[Any]):
    """One list of `Lists`; an element is read when it is asked for."""

    def __init__(self, lists: Lists, key: Any) -> None:
        self._lists, self._key = lists, _parts(key)
        self._whole = key

    def __len__(self) -> int:
        return self._lists.length(self._whole)

    def _at(self, index: int) -> int:
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        return at

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> MutableSequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self._lists.rows[(*self._key, self._at(index))]

    def __setitem__(self, index: Any, entry: Any) -> None:
        self._lists.rows[(*self._key, self._at(index))] = entry

    def __delitem__(self, index: Any) -> None:
        for at in range(self._at(index), len(self) - 1):
            self[at] = self[at + 1]
        self._lists.shrink(self._whole)

    def insert(self, index: int, value: Any) -> None:
        """Append; the ledger only grows."""
        if index != len(self):
            raise IndexError("a list of the ledger grows at its end only")
        self._lists.grow(self._whole, value)


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)

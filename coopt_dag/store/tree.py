"""A folder that can be changed: read as far as needed, written again as far as changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError, UsageError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.importer import Imported, import_folder
from coopt_dag.store.names import file_name
from coopt_dag.store.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopt_dag.store.protocol import Put, Store

_UNKNOWN = 0  # the content's size is not needed to write a folder


@dataclass(slots=True)
class _Folder:
    """Entries as they were read (`Imported`), and folders that are open."""

    entries: dict[str, Imported | _Folder] = field(default_factory=dict)
    changed: bool = False
    origin: Imported | None = None


class Tree:
    """One folder, from the union of some roots; nothing is written before `save`.

    Where two roots hold different things under one name, folders are merged and of files the one
    with the smaller CID stays, so that everybody who merges the same roots gets the same folder.

    Parameters
    ----------
    store : Store
        Where the roots are.
    roots : iterable of CID
        None for a new, empty folder.

    Examples
    --------
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> tree = Tree(store)
    >>> tree.set("files/md5/ab/cd", Imported(store.put(b"hits", Codec.RAW), tsize=4, size=4))
    >>> with store.batch() as put:
    ...     root = tree.save(put)
    >>> list(Tree(store, [root.cid]).files())
    ['files/md5/ab/cd']
    """

    def __init__(self, store: Store, roots: Iterable[CID] = ()) -> None:
        self._store = store
        self._root = _Folder(changed=True)
        for number, cid in enumerate(sorted(roots)):
            read = self._read(Imported(cid, _UNKNOWN, _UNKNOWN))
            self._root = read if number == 0 else self._merge(self._root, read)

    def get(self, path: str) -> Imported | None:
        """Give a file or an unopened folder; None if it is not there or is an open folder."""
        found = self._find(path)
        return found.origin if isinstance(found, _Folder) else found

    def is_folder(self, path: str) -> bool:
        """Tell a folder from a file and from nothing."""
        found = self._find(path)
        if isinstance(found, Imported):
            return self._is_folder(found)
        return found is not None

    def names(self, path: str) -> list[str] | None:
        """Give the names in a folder, sorted; None if there is no such folder."""
        folder = self._open(path)
        return None if folder is None else sorted(folder.entries)

    def files(self, below: str = "") -> Iterator[str]:
        """Yield the paths of all files below a folder, in order."""
        for name in self.names(below) or ():
            path = f"{below}/{name}" if below else name
            if self.is_folder(path):
                yield from self.files(path)
            else:
                yield path

    def set(self, path: str, thing: Imported) -> None:
        """Put a file or folder at `path`; folders on the way are made."""
        *way, name = _parts(path)
        folder = self._root
        for part in way:
            below = self._child(folder, part)
            if below is None:
                if part in folder.entries:
                    raise UsageError(
                        f"'{path[:80]}' leads through '{part}', which is a file.",
                        hint="remove the file first, or choose another path.",
                    )
                below = folder.entries[part] = _Folder()
            folder.changed, folder = True, below
        if isinstance(folder.entries.get(name), _Folder) or self.is_folder(path):
            raise UsageError(
                f"'{path[:80]}' is a folder, and would be lost.",
                hint="remove it first, or choose another path.",
            )
        folder.entries[name], folder.changed = thing, True

    def remove(self, path: str) -> bool:
        """Take a file or folder away, with folders that are empty then; tell if it was there."""
        return self._remove(self._root, _parts(path))

    def save(self, put: Put) -> Imported:
        """Write the folders that changed, children first; give the root."""
        return self._save(self._root, put)

    def _save(self, folder: _Folder, put: Put) -> Imported:
        if folder.origin is not None and not folder.changed:
            return folder.origin
        entries = {
            name.encode(): self._save(thing, put) if isinstance(thing, _Folder) else thing
            for name, thing in folder.entries.items()
        }
        folder.origin, folder.changed = import_folder(entries, put), False
        return folder.origin

    def _remove(self, folder: _Folder, parts: list[str]) -> bool:
        name = parts[0]
        if len(parts) == 1:
            there = folder.entries.pop(name, None) is not None
        else:
            below = self._child(folder, name)
            there = below is not None and self._remove(below, parts[1:])
            if there and below is not None and not below.entries:
                del folder.entries[name]
        folder.changed |= there
        return there

    def _find(self, path: str) -> Imported | _Folder | None:
        if not path:
            return self._root
        *way, name = _parts(path)
        folder = self._open("/".join(way))
        return None if folder is None else folder.entries.get(name)

    def _open(self, path: str) -> _Folder | None:
        folder: _Folder | None = self._root
        for part in _parts(path) if path else ():
            folder = self._child(folder, part) if folder else None
        return folder

    def _child(self, folder: _Folder, name: str) -> _Folder | None:
        """Open a folder in place, so that it is read once; None if it is none."""
        thing = folder.entries.get(name)
        if isinstance(thing, Imported):
            if not self._is_folder(thing):
                return None
            thing = folder.entries[name] = self._read(thing)
        return thing

    def _is_folder(self, thing: Imported) -> bool:
        return thing.cid.codec != Codec.RAW and Reader(self._store).open(thing.cid).is_folder

    def _read(self, origin: Imported) -> _Folder:
        reader = Reader(self._store)
        opened = reader.open(origin.cid)
        if not opened.is_folder:
            raise ContentRefusedError(
                f"{origin.cid} is a file where a folder should be.", hint="name another root."
            )
        links = reader.links(opened)
        entries = {file_name(x.name): Imported(x.cid, x.tsize, _UNKNOWN) for x in links}
        return _Folder(dict(entries), changed=False, origin=origin)

    def _merge(self, one: _Folder, two: _Folder) -> _Folder:
        merged = _Folder(dict(one.entries), changed=True)
        for name, thing in two.entries.items():
            other = merged.entries.get(name)
            merged.entries[name] = thing if other is None else self._choose(other, thing)
        return merged

    def _choose(self, one: Imported | _Folder, two: Imported | _Folder) -> Imported | _Folder:
        if isinstance(one, Imported) and isinstance(two, Imported) and one.cid == two.cid:
            return one
        left, right = self._folder_of(one), self._folder_of(two)
        if left and right:
            return self._merge(left, right)
        if left or right:
            return left or right or one
        return min((t for t in (one, two) if isinstance(t, Imported)), key=lambda t: t.cid)

    def _folder_of(self, thing: Imported | _Folder) -> _Folder | None:
        if isinstance(thing, _Folder):
            return thing
        return self._read(thing) if self._is_folder(thing) else None


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    for part in parts:
        if part in ("", ".", ".."):
            raise UsageError(f"'{path[:80]}' is no path below a folder.", hint="e.g. a/b/c")
    return parts

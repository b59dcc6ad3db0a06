"""A named folder that many may write at once: files by path, nobody's work lost."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING

from coopt_dag.errors import BusyError
from coopt_dag.store.importer import import_file
from coopt_dag.store.reader import Reader
from coopt_dag.store.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from coopt_dag.store.cid import CID
    from coopt_dag.store.importer import Imported
    from coopt_dag.store.protocol import Home, Put


_TRIES = 1000  # each failure is another writer's success


class Volume:
    """The files below a named root of a store; a change is there for all when it returns.

    Several processes may change one volume. Each writes its blocks, reads the present heads,
    puts its changes on top of their union, and moves the name on; if another was faster, it reads
    and merges again. So every acknowledged file is in the volume.

    Parameters
    ----------
    home : Home
        E.g. a `LocalStore`.
    name : str
        Of the root.

    Examples
    --------
    >>> from coopt_dag.store.memory import MemoryStore
    >>> volume = Volume(MemoryStore(), "artifacts")
    >>> volume.add([("a/b", b"hits")])
    >>> b"".join(volume.content("a/b"))
    b'hits'
    """

    def __init__(self, home: Home, name: str) -> None:
        self.home = home
        self.name = name
        self._lock = threading.RLock()
        self._seen: Tree | None = None
        self._seen_heads: frozenset[CID] = frozenset()

    def add(
        self,
        items: Sequence[tuple[str, bytes | Path]],
        *,
        told: Callable[[str, int], None] = lambda _path, _size_bytes: None,
    ) -> None:
        """Put files (bytes, or the content of a file on disk) at paths; all or none of them.

        `told(path, size_bytes)` is called as pieces of a file have been read.
        """
        done: list[tuple[str, Imported]] = []

        def prepare(put: Put) -> None:
            with ThreadPoolExecutor(getattr(self.home, "writers", 1)) as pool:
                things = pool.map(lambda item: _import(item[1], put, item[0], told), items)
                done.extend(zip((path for path, _ in items), things, strict=True))

        def change(tree: Tree) -> None:
            for path, thing in done:
                tree.set(path, thing)

        self._change(change, prepare)

    def link(self, things: Iterable[tuple[str, Imported]]) -> None:
        """Put files at paths whose blocks are in the store already."""
        entries = list(things)

        def change(tree: Tree) -> None:
            for path, thing in entries:
                tree.set(path, thing)

        self._change(change)

    def remove(self, paths: Iterable[str]) -> None:
        """Take files away; those that are not there are no trouble."""
        gone = list(paths)

        def change(tree: Tree) -> None:
            for path in gone:
                tree.remove(path)

        self._change(change)

    def tree(self, *, fresh: bool = False) -> Tree:
        """Give the folder as it was when first looked at, or last changed, by us; or `fresh`.

        Not to be changed; take `locked` around several questions from several threads.
        """
        with self._lock:
            if self._seen is None or fresh:
                heads = self.home.heads(self.name)
                if self._seen is None or heads != self._seen_heads:
                    self._seen, self._seen_heads = Tree(self.home, heads), heads
            return self._seen

    def locked(self) -> AbstractContextManager[object]:
        """Keep other threads away from the tree."""
        return self._lock

    def entry(self, path: str) -> Imported | None:
        """Give a file's CID and sizes; None if there is no such file."""
        with self._lock:
            return self.tree().get(path)

    def content(self, path: str) -> Iterator[bytes]:
        """Give a file's bytes, verified, in pieces of at most 1 MiB.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        """
        thing = self.entry(path)
        if thing is None:
            raise FileNotFoundError(path)
        reader = Reader(self.home)
        yield from reader.content(reader.open(thing.cid))

    def look_ahead(self, folders: Iterable[str]) -> None:
        """Read several folders at once where reading one costs a round trip."""
        with self._lock:
            tree = self.tree()
            things = [x for x in map(tree.get, folders) if x is not None]
        prefetch = getattr(self.home, "prefetch", None)
        if prefetch is not None and len(things) > 1:
            prefetch([thing.cid for thing in things])

    def _change(
        self,
        change: Callable[[Tree], None],
        prepare: Callable[[Put], None] = lambda _put: None,
    ) -> None:
        with self.home.holding():
            for attempt in range(_TRIES):
                # One batch for the files and the folders above them: on a remote node that is
                # one request, and one root below which everything is safe from its collector.
                with self.home.batch() as put:
                    if attempt == 0:
                        prepare(put)
                    heads = self.home.heads(self.name)
                    tree = Tree(self.home, heads)
                    change(tree)
                    root = tree.save(put)
                if self.home.move(self.name, heads, root.cid):
                    with self._lock:
                        self._seen, self._seen_heads = tree, frozenset((root.cid,))
                    return
        raise BusyError(
            f"others moved '{self.name}' {_TRIES} times while we tried to.",
            hint="try again when fewer are writing.",
        )


class _Counted:
    """A stream that tells how much of it was read."""

    def __init__(self, stream: IO[bytes], told: Callable[[int], None]) -> None:
        self._stream = stream
        self._told = told

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self._told(len(piece))
        return piece


def _import(
    source: bytes | Path, put: Put, path: str, told: Callable[[str, int], None]
) -> Imported:
    stream = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb", buffering=0)
    with stream:
        return import_file(_Counted(stream, lambda n: told(path, n)), put)

"""Many files of a volume at once: from a folder by threads, from a node in one stream."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import CooptError
from coopt_dag.store.cid import Codec
from coopt_dag.store.dvc.refused import refused
from coopt_dag.store.reader import Reader
from coopt_dag.store.staging import disk_trouble, write_all
from coopt_dag.store.streamed import StreamedStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coopt_dag.store.importer import Imported
    from coopt_dag.store.protocol import Source
    from coopt_dag.store.volume import Volume

_THREADS = 4  # hashing lets go of the interpreter's lock, so this fills the cores and the disk

Wanted = tuple[str, "Path", Any]
"""Path in the volume, file to write, and DVC's callback that counts bytes."""


class Reading:
    """Writes files of one volume to disk, verified.

    Parameters
    ----------
    volume : Volume
        Where they are.
    """

    def __init__(self, volume: Volume) -> None:
        self._volume = volume

    def size_bytes(self, thing: Imported) -> int:
        """Give the length of a file's content; a raw leaf's is in the link to it."""
        if thing.cid.codec == Codec.RAW:
            return thing.tsize
        return Reader(self._volume.home).open(thing.cid).size

    def fetch(self, wanted: Sequence[Wanted]) -> list[BaseException | None]:
        """Write each file; give None, or what went wrong with it."""
        home = self._volume.home
        export = getattr(home, "export", None)
        if export is not None and len(wanted) > 1:
            things = [self._volume.entry(path) for path, _, _ in wanted]
            streamed = StreamedStore(export([x.cid for x in things if x is not None]), home)
            return [self._fetch_one(each, streamed) for each in wanted]
        with ThreadPoolExecutor(min(_THREADS, len(wanted))) as pool:
            return list(pool.map(lambda each: self._fetch_one(each, home), wanted))

    def _fetch_one(self, wanted: Wanted, source: Source) -> BaseException | None:
        path, target, callback = wanted
        try:
            thing = self._volume.entry(path)
            if thing is None:
                raise FileNotFoundError(path)
            reader = Reader(source)
            opened = reader.open(thing.cid)
            callback.set_size(opened.size)
            with disk_trouble(target), target.open("wb", buffering=0) as file:
                for piece in reader.content(opened):
                    write_all(file, piece)
                    callback.relative_update(len(piece))
        except CooptError as error:
            return refused(error)
        except OSError as error:
            return error
        return None

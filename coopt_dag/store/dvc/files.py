"""Files of volumes in the form of fsspec, every question asked in batches."""

from __future__ import annotations

import asyncio
import io
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsspec.asyn import AsyncFileSystem
from fsspec.callbacks import DEFAULT_CALLBACK

from coopt_dag.store.dvc.asking import Asking
from coopt_dag.store.dvc.listing import is_object
from coopt_dag.store.dvc.place import home_of
from coopt_dag.store.dvc.reading import Reading
from coopt_dag.store.dvc.refused import told_by_dvc
from coopt_dag.store.dvc.writing import Given, write
from coopt_dag.store.heads import check_name
from coopt_dag.store.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterator


class Files(AsyncFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files by path `/NAME/PATH`, in volumes of one home; every question is asked in batches."""

    protocol = "ipfs"
    cachable = False

    def __init__(self, **options: Any) -> None:
        self._options = {k: options.pop(k, None) for k in ("api", "store", "timeout_s")}
        super().__init__(**options)
        self._lock = threading.Lock()
        self._volumes: dict[str, Volume] = {}
        self._looks: Asking[str, dict[str, Any] | None] = Asking(self._look_all)
        self._puts: Asking[Given, None] = Asking(self._put_all)
        self._gets: Asking[tuple[str, Path, Any], None] = Asking(self._get_all)

    # --- what is there

    async def _info(self, path: str, **_: Any) -> dict[str, Any]:
        found = await self._looks.ask(path)
        if found is None:
            raise FileNotFoundError(path)
        return found

    async def _exists(self, path: str, **_: Any) -> bool:
        return await self._looks.ask(path) is not None

    async def _ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        place, below = self._place(path)
        names = await asyncio.to_thread(lambda: self._names(place, below))
        if names is None:
            if await self._looks.ask(path) is None:
                raise FileNotFoundError(path)
            names, below, path = [below.rpartition("/")[2]], "", path.rpartition("/")[0]
        paths = [f"{path.rstrip('/')}/{name}" for name in names]
        return [await self._info(p) for p in paths] if detail else paths

    async def _find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        prefix: str = "",
        **options: Any,
    ) -> Any:
        if maxdepth is not None or withdirs or options.get("detail"):
            return await super()._find(path, maxdepth=maxdepth, withdirs=withdirs, **options)
        return await asyncio.to_thread(lambda: self._find_all(path, prefix))

    def _find_all(self, path: str, prefix: str) -> list[str]:
        volume, below = self._place(path)
        with told_by_dvc(), volume.locked():
            names = self._names(volume, below)
            if names is None:
                return [path] if volume.entry(below) is not None else []
            names = [f"{below}/{n}" if below else n for n in names if n.startswith(prefix)]
            volume.look_ahead(names)
            found = [f for name in names for f in self._below(volume, name)]
        return [f"/{volume.name}/{name}" for name in found]

    def _below(self, volume: Volume, path: str) -> Iterator[str]:
        if is_object(path) or not volume.tree().is_folder(path):
            yield path
            return
        names = [f"{path}/{name}" for name in volume.tree().names(path) or ()]
        folders = [name for name in names if not is_object(name)]
        volume.look_ahead(folders)
        for name in names:
            yield from self._below(volume, name)

    @staticmethod
    def _names(volume: Volume, below: str) -> list[str] | None:
        with told_by_dvc(), volume.locked():
            return volume.tree().names(below)

    def _look_all(self, paths: list[str]) -> list[dict[str, Any] | None]:
        places = [self._place(path) for path in paths]
        with told_by_dvc():
            for volume in {v for v, _ in places}:
                _open_parents(volume, {b.rpartition("/")[0] for v, b in places if v is volume})
            return [self._look(v, b) for v, b in places]

    @staticmethod
    def _look(volume: Volume, below: str) -> dict[str, Any] | None:
        with volume.locked():
            tree = volume.tree()
            thing = tree.get(below) if below else None
            if thing is None or not is_object(below):
                if tree.is_folder(below):
                    return {"name": f"/{volume.name}/{below}", "size": 0, "type": "directory"}
                if thing is None:
                    return None
            return {
                "name": f"/{volume.name}/{below}",
                "size": Reading(volume).size_bytes(thing),
                "type": "file",
                "checksum": str(thing.cid),
            }

    # --- reading

    async def _cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        volume, below = self._place(path)

        def read() -> bytes:
            with told_by_dvc():
                if self._names(volume, below) is not None:
                    raise IsADirectoryError(path)
                return b"".join(volume.content(below))

        return (await asyncio.to_thread(read))[start:end]

    async def _get_file(
        self, rpath: str, lpath: str, callback: Any = DEFAULT_CALLBACK, **_: Any
    ) -> None:
        await self._gets.ask((rpath, Path(lpath), callback))

    def _get_all(self, items: list[tuple[str, Path, Any]]) -> list[BaseException | None]:
        answers: list[BaseException | None] = [None] * len(items)
        places = [self._place(path) for path, _, _ in items]
        with told_by_dvc():
            for volume in {v for v, _ in places}:
                mine = [i for i, (v, _) in enumerate(places) if v is volume]
                _open_parents(volume, {places[i][1].rpartition("/")[0] for i in mine})
                wanted = [(places[i][1], items[i][1], items[i][2]) for i in mine]
                for i, answer in zip(mine, Reading(volume).fetch(wanted), strict=True):
                    answers[i] = answer
        return answers

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        if mode == "rb":
            return io.BytesIO(self.cat_file(path))
        return _Written(self, path)

    # --- writing

    async def _pipe_file(self, path: str, value: bytes, **_: Any) -> None:
        await self._puts.ask((path, bytes(value), DEFAULT_CALLBACK))

    async def _put_file(
        self, lpath: str, rpath: str, callback: Any = DEFAULT_CALLBACK, **_: Any
    ) -> None:
        await self._puts.ask((rpath, Path(lpath), callback))

    def _put_all(self, items: list[Given]) -> list[BaseException | None]:
        answers: list[BaseException | None] = [_unreadable(source) for _, source, _ in items]
        by_volume: dict[Volume, list[Given]] = {}
        for (path, source, callback), trouble in zip(items, answers, strict=True):
            if trouble is None:
                volume, below = self._place(path)
                by_volume.setdefault(volume, []).append((below, source, callback))
        with told_by_dvc():
            for volume, given in by_volume.items():
                write(volume, given)
        return answers

    async def _cp_file(self, path1: str, path2: str, **_: Any) -> None:
        source, target = self._place(path1), self._place(path2)

        def copy() -> None:
            with told_by_dvc(), source[0].home.holding():
                thing = source[0].entry(source[1])
                if thing is None:
                    raise FileNotFoundError(path1)
                target[0].link([(target[1], thing)])

        await asyncio.to_thread(copy)

    async def _rm(self, path: str | list[str], **_: Any) -> None:
        paths = [path] if isinstance(path, str) else path
        by_volume: dict[Volume, list[str]] = {}
        for each in paths:
            volume, below = self._place(each)
            by_volume.setdefault(volume, []).append(below)

        def remove() -> None:
            with told_by_dvc():
                for volume, gone in by_volume.items():
                    volume.remove(gone)

        await asyncio.to_thread(remove)

    async def _rm_file(self, path: str, **_: Any) -> None:
        await self._rm(path)

    async def _mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Do nothing: a folder is there as soon as something is in it."""

    async def _makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Do nothing: a folder is there as soon as something is in it."""

    # --- places

    def _place(self, path: str) -> tuple[Volume, str]:
        name, _, below = path.strip("/").partition("/")
        with self._lock:
            if name not in self._volumes:
                with told_by_dvc():
                    home = home_of(**self._options)
                    self._volumes[name] = Volume(home, check_name(name))
                # a node is let go at the end of the process at the latest
                weakref.finalize(self, home.close)
            return self._volumes[name], below


class _Written(io.BytesIO):
    """What is written is put when the file is closed."""

    def __init__(self, files: Files, path: str) -> None:
        super().__init__()
        self._files = files
        self._path = path

    def __exit__(self, kind: Any, *_: object) -> None:
        if kind is not None:
            super().close()  # half a file is none
        self.close()

    def close(self) -> None:
        if not self.closed:
            self._files.pipe_file(self._path, self.getvalue())
        super().close()


def _unreadable(source: bytes | Path) -> OSError | None:
    """Give what keeps a file from being read, so that the others of its batch go on."""
    if isinstance(source, bytes):
        return None
    try:
        source.open("rb").close()
    except OSError as error:
        return error
    return None


def _open_parents(volume: Volume, folders: set[str]) -> None:
    """Read the folders that questions are about, as many at once as there are."""
    with volume.locked():
        for above in {f.rpartition("/")[0] for f in folders}:
            volume.tree().names(above)
        volume.look_ahead(folders)

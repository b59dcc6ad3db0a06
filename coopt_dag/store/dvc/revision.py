"""One folder, and so one CID, for exactly the objects of one revision, in DVC's own layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import ContentMissingError, CooptError, DataMissingError, IntegrityError
from coopt_dag.store.dvc.listing import check_md5, check_oid, is_listing, read_listing
from coopt_dag.store.importer import Imported, import_file
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from coopt_dag.store.protocol import Put
    from coopt_dag.store.volume import Volume

_LEGACY = "md5-dos2unix"  # DVC 2 and earlier; its objects lie at the root of a remote


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """An object of DVC's: its place in a remote, and the file of the local cache if it is there."""

    place: str
    cached: Path
    of: str
    """What is tracked by it, for complaints."""

    @property
    def is_folder(self) -> bool:
        """Tell a listing of a tracked folder from the content of a file."""
        return is_listing(self.place)


@dataclass(frozen=True, slots=True)
class Revision:
    """The root of a revision's objects, and how much is below it."""

    root: Imported
    objects: int
    mended: tuple[str, ...] = ()
    """What was damaged or missing in the store, and put again."""


def wanted_by(repo: Any, *, remote: str | None, tell: Callable[[str], None]) -> list[Wanted]:
    """Give what the outputs of an open DVC repository are tracked by, folders not yet unfolded.

    Left out is what `dvc push` leaves out: outputs without cache, with `push: false`, imported
    from another repository, meant for another remote, or not made yet, which is told.
    """
    found = []
    for out in repo.index.outs:
        if not out.use_cache or not out.can_push or out.stage.is_repo_import:
            continue
        if out.remote not in (None, remote):
            continue
        if not out.hash_info:
            tell(
                f"'{out}' ({Path(out.stage.relpath).name}) has not been made yet, so the root is "
                "without it; dvc repro makes it"
            )
            continue
        oid = check_oid(out.hash_info.value, path=out.stage.relpath)
        found.append(_wanted(out, oid, str(out)))
    return found


def _wanted(out: Any, oid: str, what: str) -> Wanted:
    front = "" if out.hash_info.name == _LEGACY else "files/md5/"
    return Wanted(f"{front}{oid[:2]}/{oid[2:]}", Path(out.cache.oid_to_path(oid)), what)


def lacking(objects: Iterable[Wanted], volume: Volume) -> list[Wanted]:
    """Give the objects, those inside tracked folders too, that the volume does not have."""
    return [x for x in _unfold(objects, volume) if volume.entry(x.place) is None]


def build(
    objects: Iterable[Wanted], volume: Volume | None, put: Put, *, verify: bool = False
) -> Revision:
    """Put the objects into a folder of their own.

    What the volume holds is linked; what it does not hold is read from DVC's local cache, if its
    md5 sum is right. With `verify` all content is read; what is missing or damaged is put again.

    Raises
    ------
    DataMissingError
        An object is in neither.
    IntegrityError
        The cache holds other bytes than those asked for.
    """
    tree, count = Tree(MemoryStore()), 0
    mended = []
    for wanted in _unfold(objects, volume):
        known = volume.entry(wanted.place) if volume else None
        trouble = _trouble(wanted, volume) if verify and known is not None and volume else None
        if known is None or trouble is not None:
            known = _from_cache(wanted, put, trouble)
        if trouble is not None:
            mended.append(wanted.of)
        tree.set(wanted.place, known)
        count += 1
    return Revision(tree.save(put), count, tuple(mended))


def _unfold(objects: Iterable[Wanted], volume: Volume | None) -> Iterator[Wanted]:
    """Give each object once, and those inside tracked folders."""
    waiting, seen = sorted(objects), set()
    while waiting:
        wanted = waiting.pop()
        if wanted.place not in seen:
            seen.add(wanted.place)
            yield wanted
            if wanted.is_folder:
                waiting.extend(_inside(wanted, volume))


def _from_cache(wanted: Wanted, put: Put, trouble: CooptError | None) -> Imported:
    try:
        check_md5(wanted.place, wanted.cached)
        with wanted.cached.open("rb", buffering=0) as file:
            return import_file(file, put)
    except OSError as error:
        raise trouble or _missing(wanted) from error


def _trouble(wanted: Wanted, volume: Volume) -> CooptError | None:
    """Read all of an object; give what is wrong with it."""
    try:
        for _ in volume.content(wanted.place):
            pass
    except (ContentMissingError, IntegrityError) as error:
        return error
    return None


def _inside(folder: Wanted, volume: Volume | None) -> Iterator[Wanted]:
    """Give the objects of the files in a tracked folder."""
    if folder.cached.is_file():
        text = folder.cached.read_bytes()
    elif volume is not None and volume.entry(folder.place) is not None:
        text = b"".join(volume.content(folder.place))
    else:
        raise _missing(folder)
    for entry in read_listing(text, place=folder.place, cached=folder.cached):
        yield Wanted(entry.place, entry.cached, f"{folder.of}/{entry.name}")


def _missing(wanted: Wanted) -> DataMissingError:
    return DataMissingError(
        f"'{wanted.of}' is tracked by an object that is neither in DVC's cache nor in the remote.",
        hint="dvc fetch brings it from another remote; or dvc push where it was made.",
        path=wanted.cached,
    )

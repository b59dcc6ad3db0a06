"""DVC's objects: their names, and the listing of a tracked folder, whose entries lie beside it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from pathlib import Path

_OID = re.compile(r"[0-9a-f]{32}(\.dir)?")
_PLACE = re.compile(r"(?:^|/)[0-9a-f]{2}/[0-9a-f]{30}(\.dir)?$")
_MD5 = "files/md5/"
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the folder: where its object lies in a remote, and in DVC's local cache."""

    place: str
    cached: Path
    name: str


def is_object(path: str) -> bool:
    """Tell a place where DVC keeps objects: what lies there is a file.

    >>> is_object("files/md5/0c/c175b9c0f1b6a831c399e269772661"), is_object("data/x.dir")
    (True, False)
    """
    return _PLACE.search(path) is not None


def is_listing(path: str) -> bool:
    """Tell the place of a folder's listing.

    >>> is_listing("files/md5/0c/c175b9c0f1b6a831c399e269772661.dir"), is_listing("data/x.dir")
    (True, False)
    """
    found = _PLACE.search(path)
    return found is not None and found[1] is not None


def check_oid(oid: object, *, path: Path | str) -> str:
    """Give an object's name back if it is an md5 sum; it will become part of a path.

    Raises
    ------
    IntegrityError
        It is something else, such as a way out of the cache.
    """
    if not isinstance(oid, str) or _OID.fullmatch(oid) is None:
        raise IntegrityError(
            f"names an object {str(oid)[:60]!r}, which is no md5 sum in hexadecimal.",
            hint="it was not written by DVC: ask its author; or `dvc add` the data again.",
            path=path,
        )
    return oid


def check_md5(place: str, cached: Path) -> None:
    """Refuse a file of DVC's cache that does not hold what its name says; DVC itself trusts it.

    Raises
    ------
    IntegrityError
        The bytes have another md5 sum.
    OSError
        It cannot be read.
    """
    if _MD5 not in f"/{place}":  # DVC 2 summed text files up in another way
        return
    found = hashlib.md5(usedforsecurity=False)
    with cached.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            found.update(piece)
    *_, front, rest = place.split("/")
    if front + rest.removesuffix(".dir") != found.hexdigest():
        raise IntegrityError(
            f"holds bytes with the md5 sum {found.hexdigest()}, not those it is named by.",
            hint="DVC's cache is damaged: remove this file, then dvc fetch or dvc add again.",
            path=cached,
        )


def read_listing(text: bytes, *, place: str, cached: Path) -> list[Entry]:
    r"""Give the entries of a listing that lies at `place` in a remote and at `cached` locally.

    Raises
    ------
    IntegrityError
        It is no listing of DVC's.

    Examples
    --------
    >>> from pathlib import Path
    >>> text = b'[{"md5": "0cc175b9c0f1b6a831c399e269772661", "relpath": "a"}]'
    >>> [entry] = read_listing(text, place="files/md5/ab/cd.dir", cached=Path("cache/ab/cd.dir"))
    >>> entry.place
    'files/md5/0c/c175b9c0f1b6a831c399e269772661'
    """
    try:
        found = [(entry["md5"], str(entry["relpath"])) for entry in read_json(text)]
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"is no listing of a folder tracked by DVC: {error}.",
            hint="remove it, then `dvc fetch` it again or `dvc add` the folder again.",
            path=cached,
        ) from error
    base = place.rpartition("/")[0].rpartition("/")[0]
    front = f"{base}/" if base else ""
    beside = cached.parents[1]
    oids = [(check_oid(oid, path=cached), name) for oid, name in found]
    return [
        Entry(f"{front}{oid[:2]}/{oid[2:]}", beside / oid[:2] / oid[2:], name) for oid, name in oids
    ]

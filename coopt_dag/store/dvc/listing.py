"""The listing of a tracked folder: a `.dir` object, whose entries are objects beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".dir"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the folder: where its object lies in a remote, and in DVC's local cache."""

    place: str
    cached: Path
    name: str


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
        oids = [(str(entry["md5"]), str(entry["relpath"])) for entry in json.loads(text)]
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"is no listing of a folder tracked by DVC: {error}.",
            hint="remove it, then `dvc fetch` it again or `dvc add` the folder again.",
            path=cached,
        ) from error
    base = place.rpartition("/")[0].rpartition("/")[0]
    front = f"{base}/" if base else ""
    beside = cached.parents[1]
    return [
        Entry(f"{front}{oid[:2]}/{oid[2:]}", beside / oid[:2] / oid[2:], name) for oid, name in oids
    ]

"""Files and folders in and out of a store, by CID."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError
from coopt_dag.store.cid import Cid
from coopt_dag.store.importer import Importer
from coopt_dag.store.reader import Limits, materialise

if TYPE_CHECKING:
    from coopt_dag.store.protocol import Store


def add_path(store: Store, path: Path, *, ignore: tuple[str, ...] = ()) -> str:
    """Put a file or folder into a store; give its CID (profile unixfs-v1-2025)."""
    placed = Importer(store.put).path(path, ignore=ignore)
    store.flush()
    return str(placed.cid)


def add_bytes(store: Store, content: bytes) -> str:
    """Put bytes into a store as a file; give its CID.

    >>> from coopt_dag.store.memory import MemoryStore
    >>> add_bytes(MemoryStore(), b"hello world")
    'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
    """
    placed = Importer(store.put).file(io.BytesIO(content))
    store.flush()
    return str(placed.cid)


def cid_of(path: Path, *, ignore: tuple[str, ...] = ()) -> str:
    """Give the CID of a file or folder without keeping a block."""
    return str(Importer(lambda _cid, _block: None).path(path, ignore=ignore).cid)


def fetch_path(store: Store, cid: str, target: Path, *, limits: Limits | None = None) -> Path:
    """Write what a CID names to `target`; if it is there already with these bytes, do nothing.

    Raises
    ------
    ContentMissingError
        A block is not in the store.
    IntegrityError
        A block is not what its CID names, the DAG is hostile, or `target` holds other bytes.
    """
    if target.exists():
        if cid_of(target) == cid:
            return target
        raise IntegrityError(f"holds something else than {cid}", path=target, hint="remove it")
    materialise(store, Cid.parse(cid), target, limits or Limits())
    return target

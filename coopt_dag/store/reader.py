"""Blocks back to files: verified, bounded, and never outside the folder that was named."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import IntegrityError
from coopt_dag.store import dagpb
from coopt_dag.store.cid import RAW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from coopt_dag.store.cid import Cid
    from coopt_dag.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hostile DAG may not exceed."""

    depth: int = 32
    entries: int = 100_000
    block_bytes: int = 2 << 20
    total_bytes: int = 4 << 30


class Reader:
    """Writes what a CID names to disk, within limits that hold over the whole DAG."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._bytes = 0
        self._entries = 0

    def write(self, cid: Cid, target: Path, *, depth: int = 0) -> None:
        """Write the file or folder that `cid` names to `target`, which must not exist."""
        links, meaning = self._node(cid, depth)
        if meaning.kind in {dagpb.DIRECTORY, dagpb.HAMT}:
            target.mkdir()
            for name, child in self._children(links, meaning, depth):
                self._entries += 1
                if self._entries > self._limits.entries:
                    raise _bomb(f"more than {self._limits.entries} entries")
                self.write(child, target / os.fsdecode(name), depth=depth + 1)
        elif meaning.kind in {dagpb.FILE, dagpb.RAW_TYPE}:
            with target.open("xb") as file:
                self._pour(cid, file, depth)
        else:
            raise _bomb(f"UnixFS type {meaning.kind} (a link?) is not accepted here")

    def _node(self, cid: Cid, depth: int) -> tuple[list[dagpb.Link], dagpb.UnixFs]:
        if cid.codec == RAW:
            return [], dagpb.UnixFs(dagpb.RAW_TYPE)
        return dagpb.decode(self._block(cid, depth))

    def _block(self, cid: Cid, depth: int) -> bytes:
        # A cycle would need a sha256 collision; a deep chain is caught here.
        if depth > self._limits.depth:
            raise _bomb(f"deeper than {self._limits.depth} levels")
        block = self._store.get(cid)
        if len(block) > self._limits.block_bytes:
            raise _bomb(f"a block of {len(block)} bytes")
        self._bytes += len(block)
        if self._bytes > self._limits.total_bytes:
            raise _bomb(f"more than {self._limits.total_bytes} bytes")
        return block

    def _pour(self, cid: Cid, file: BinaryIO, depth: int) -> None:
        block = self._block(cid, depth)
        if cid.codec == RAW:
            file.write(block)
            return
        links, meaning = dagpb.decode(block)
        if meaning.kind not in {dagpb.FILE, dagpb.RAW_TYPE}:
            raise _bomb("a file that contains a folder")
        file.write(meaning.data)
        for link in links:
            self._pour(link.cid, file, depth + 1)

    def _children(
        self, links: list[dagpb.Link], meaning: dagpb.UnixFs, depth: int
    ) -> Iterator[tuple[bytes, Cid]]:
        seen: set[bytes] = set()
        for name, cid in self._entries_of(links, meaning, depth):
            _check_name(name)
            if name in seen:
                raise _bomb(f"the name {name!r} twice in one folder")
            seen.add(name)
            yield name, cid

    def _entries_of(
        self, links: list[dagpb.Link], meaning: dagpb.UnixFs, depth: int
    ) -> Iterator[tuple[bytes, Cid]]:
        for link in links:
            if meaning.kind == dagpb.DIRECTORY:
                yield link.name, link.cid
            elif len(link.name) == 2:
                below, inner = dagpb.decode(self._block(link.cid, depth + 1))
                if inner.kind != dagpb.HAMT:
                    raise _bomb("a shard that is no shard")
                yield from self._entries_of(below, inner, depth + 1)
            else:
                yield link.name[2:], link.cid


def _check_name(name: bytes) -> None:
    if not name or name in {b".", b".."} or b"/" in name or b"\0" in name or len(name) > 255:
        raise _bomb(f"the name {name!r}, which is no file name")


def _bomb(what: str) -> IntegrityError:
    return IntegrityError(
        f"the content holds {what}; nothing was written",
        hint="it was not made by `coopt`; ask its author for a plain folder",
    )


def materialise(store: Store, cid: Cid, target: Path, limits: Limits) -> None:
    """Write a DAG to `target` by one rename, or leave nothing."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    if part.is_dir():
        shutil.rmtree(part)
    try:
        Reader(store, limits).write(cid, part)
        part.rename(target)
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        elif part.exists():
            part.unlink()

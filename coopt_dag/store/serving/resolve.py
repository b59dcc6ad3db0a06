"""A path below a CID becomes the CID at its end, through plain and sharded folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentMissingError
from coopt_dag.store.protobuf import malformed
from coopt_dag.store.reader import Reader
from coopt_dag.store.unixfs import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.protocol import Put, Store
    from coopt_dag.store.reader import Opened


class Recorder:
    """A store that remembers what was read through it, in order: what a proof consists of.

    Examples
    --------
    >>> from coopt_dag.store.cid import Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> recorder = Recorder(MemoryStore())
    >>> _ = recorder.get(recorder.put(b"hits", Codec.RAW))
    >>> [block for _, block in recorder.drain()], recorder.drain()
    ([b'hits'], [])
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: list[tuple[CID, bytes]] = []

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block."""
        return self._store.put(block, codec)

    def get(self, cid: CID) -> bytes:
        """Give the bytes, and remember them."""
        block = self._store.get(cid)
        self._read.append((cid, block))
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the block is there."""
        return self._store.has(cid)

    def batch(self) -> AbstractContextManager[Put]:
        """Keep many blocks as one."""
        return self._store.batch()

    def drain(self) -> list[tuple[CID, bytes]]:
        """Give what was read since the last time."""
        read, self._read = self._read, []
        return read


@dataclass(frozen=True, slots=True)
class Resolved:
    """The end of a path."""

    roots: tuple[CID, ...]
    """What the root and each name lead to; the last is the end."""
    way: tuple[tuple[CID, bytes], ...]
    """All blocks that were read to find it, shards included; not the one at the end."""

    @property
    def cid(self) -> CID:
        """The CID at the end."""
        return self.roots[-1]


def resolve(store: Store, root: CID, names: Sequence[str]) -> Resolved:
    """Follow names from a root; the block at the end is not read.

    Raises
    ------
    ContentMissingError
        A block or a name is not there.
    IntegrityError, ContentRefusedError
        A block is damaged, or is no folder in canonical form.

    Examples
    --------
    >>> from coopt_dag.store.cid import CID, Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> root = store.put(b"hits", Codec.RAW)
    >>> resolve(store, root, []).cid == root
    True
    """
    recorder, roots = Recorder(store), [root]
    reader = Reader(recorder)
    for name in names:
        folder = reader.open(roots[-1])
        found = find(reader, folder, name) if folder.is_folder else None
        if found is None:
            kind = "folder" if folder.is_folder else "file"
            raise ContentMissingError(
                f"there is no '{name}' in the {kind} {roots[-1]}.",
                hint="names are exact; list the folder to see what it has.",
            )
        roots.append(found)
    return Resolved(tuple(roots), tuple(recorder.drain()))


def find(reader: Reader, folder: Opened, name: str) -> CID | None:
    """Give what a name in a folder leads to, opening only the shards on the way; None if absent."""
    want = name.encode()
    if folder.message.kind == Kind.SHARD:
        return _find_in_shards(reader, folder, want)
    found = [link.cid for link in folder.links if link.name == want]
    if len(found) > 1:
        raise malformed(f"the name {name!r} is there twice.")
    return found[0] if found else None


def _find_in_shards(reader: Reader, shard: Opened, want: bytes) -> CID | None:
    from coopt_dag.store.hamt import check_shard, name_hash

    slots, path = name_hash(want), b""
    while True:
        if shard.message.kind != Kind.SHARD:
            raise malformed(f"{shard.trail[-1]} is no shard of a folder.")
        check_shard(shard.message, shard.links, path)
        slot = slots[len(path)]
        link = next((x for x in shard.links if x.name[:2] == b"%02X" % slot), None)
        if link is None or len(link.name) > 2:
            return link.cid if link and link.name[2:] == want else None
        shard = reader.open(link.cid, trail=shard.trail)
        path += bytes([slot])

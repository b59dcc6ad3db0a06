"""A path below a CID becomes the CID at its end, through plain and sharded folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from coopt_dag.errors import ContentMissingError
from coopt_dag.store.protobuf import malformed
from coopt_dag.store.unixfs import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.store.cid import CID
    from coopt_dag.store.reader import Opened
    from coopt_dag.store.serving.shelf import Shelf


class Opener(Protocol):
    """Opens blocks, as a `Reader` does."""

    def open(self, cid: CID, *, trail: tuple[CID, ...] = ()) -> Opened:
        """Read one block."""


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


class _Way:
    """Opens blocks from a shelf, and remembers them."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.blocks: list[tuple[CID, bytes]] = []

    def open(self, cid: CID, *, trail: tuple[CID, ...] = ()) -> Opened:
        opened, block = self._shelf.open(cid, trail=trail)
        self.blocks.append((cid, block))
        return opened


def resolve(shelf: Shelf, root: CID, names: Sequence[str]) -> Resolved:
    """Follow names from a root; the block at the end is not read.

    Raises
    ------
    ContentMissingError
        A block or a name is not there.
    IntegrityError, ContentRefusedError
        A block is damaged, or is no folder in canonical form.

    Examples
    --------
    >>> from coopt_dag.store.cid import Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> from coopt_dag.store.serving.shelf import Shelf
    >>> store = MemoryStore()
    >>> root = store.put(b"hits", Codec.RAW)
    >>> resolve(Shelf(store), root, []).cid == root
    True
    """
    way, roots = _Way(shelf), [root]
    for name in names:
        folder = way.open(roots[-1])
        found = find(way, folder, name) if folder.is_folder else None
        if found is None:
            kind = "folder" if folder.is_folder else "file"
            raise ContentMissingError(
                f"there is no '{name}' in the {kind} {roots[-1]}.",
                hint="names are exact; list the folder to see what it has.",
            )
        roots.append(found)
    return Resolved(tuple(roots), tuple(way.blocks))


def find(opener: Opener, folder: Opened, name: str) -> CID | None:
    """Give what a name in a folder leads to, opening only the shards on the way; None if absent."""
    want = name.encode()
    if folder.message.kind == Kind.SHARD:
        return _find_in_shards(opener, folder, want)
    found = [link.cid for link in folder.links if link.name == want]
    if len(found) > 1:
        raise malformed(f"the name {name!r} is there twice.")
    return found[0] if found else None


def _find_in_shards(opener: Opener, shard: Opened, want: bytes) -> CID | None:
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
        shard = opener.open(link.cid, trail=shard.trail)
        path += bytes([slot])

"""Blocks become files and folders again, trusting nothing but hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, decode_node
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits, Spent
from coopt_dag.store.names import file_name
from coopt_dag.store.protobuf import malformed
from coopt_dag.store.protocol import check_size
from coopt_dag.store.unixfs import Kind, Message, decode_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.protocol import Source


@dataclass(frozen=True, slots=True)
class Opened:
    """A block that has been read and understood; `trail` is the way to it, itself included."""

    trail: tuple[CID, ...]
    message: Message
    links: tuple[Link, ...]
    size: int
    """Bytes of content that it says are in the file (0 for folders)."""

    @property
    def is_folder(self) -> bool:
        """Tell a folder, sharded or not, from a file."""
        return self.message.kind in (Kind.FOLDER, Kind.SHARD)

    @property
    def is_symlink(self) -> bool:
        """Tell a symlink, whose text is the data of its message."""
        return self.message.kind == Kind.SYMLINK


class Reader:
    """Reads one DAG; refuses hostile ones before they cost more than the limits.

    Parameters
    ----------
    store : Source
        Where blocks come from; it verifies hashes.
    limits : Limits
        For everything that this reader reads.
    symlinks : bool
        Open symlinks too; else they are refused. They are never followed.

    Examples
    --------
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> reader = Reader(store)
    >>> b"".join(reader.content(reader.open(store.put(b"hits", Codec.RAW))))
    b'hits'
    """

    def __init__(
        self, store: Source, *, limits: Limits = DEFAULT_LIMITS, symlinks: bool = False
    ) -> None:
        self._store = store
        self._symlinks = symlinks
        self._spent = Spent(limits)

    def open(self, cid: CID, *, trail: tuple[CID, ...] = ()) -> Opened:
        """Read one block and check that it is a file, a folder, or a part of one.

        Raises
        ------
        ContentMissingError, IntegrityError
            From the store.
        ContentRefusedError
            Malformed, beyond a limit, a symlink (unless asked for), or linked below itself.
        """
        depth = self._spent.limits.depth
        if cid in trail:
            raise malformed(f"{cid} is linked below itself.")
        if len(trail) >= depth:
            raise ContentRefusedError(
                f"the content exceeds the limit of {depth} levels.",
                hint="if you trust its author, raise depth in the limits.",
            )
        self._spent.count(blocks=1)
        block = self._store.get(cid)
        check_size(block)
        trail = (*trail, cid)
        if cid.codec == Codec.RAW:
            return Opened(trail, Message(Kind.FILE, block), (), len(block))
        node = decode_node(block)
        if node.data is None:
            raise malformed("a dag-pb block without UnixFS data is no file or folder.")
        message = decode_message(node.data)
        if self._symlinks and message.kind == Kind.SYMLINK:
            return Opened(trail, message, (), 0)
        return Opened(trail, message, node.links, _stated_size(message, node.links))

    def content(self, file: Opened) -> Iterator[bytes]:
        """Give the bytes of a file, piece by piece, each part exactly as long as its parent says.

        Raises
        ------
        ContentRefusedError
            A folder inside a file, sizes that do not agree, or beyond the limits.
        """
        if file.is_folder or file.is_symlink:
            kind = "folder" if file.is_folder else "symlink"
            raise malformed(f"{file.trail[-1]} is a {kind} where a file should be.")
        if file.message.data:
            self._spent.count(total_bytes=len(file.message.data))
            yield file.message.data
        for link, size in zip(file.links, file.message.block_sizes, strict=True):
            part = self.open(link.cid, trail=file.trail)
            if part.size != size:
                raise malformed(f"{link.cid} holds {part.size} bytes, its parent says {size}.")
            yield from self.content(part)

    def entries(self, folder: Opened) -> Iterator[tuple[str, CID]]:
        """Give names and CIDs of what lies in a folder; no name twice, none that escapes it.

        Raises
        ------
        ContentRefusedError
            A file where a folder should be, or a name that is no plain file name.
        """
        for link in self.links(folder):
            yield file_name(link.name), link.cid

    def links(self, folder: Opened) -> Iterator[Link]:
        """Give what lies in a folder as links, shards unfolded; refuses what `entries` refuses."""
        seen: set[bytes] = set()
        for link in self._named(folder, b""):
            if link.name in seen:
                raise malformed(f"the name {file_name(link.name)!r} is there twice.")
            seen.add(link.name)
            self._spent.count(entries=1)
            yield link

    def _named(self, folder: Opened, path: bytes) -> Iterator[Link]:
        if folder.message.kind == Kind.FOLDER and not path:
            yield from folder.links
            return
        if folder.message.kind != Kind.SHARD:
            raise malformed(f"{folder.trail[-1]} is no folder, or no shard of one.")
        from coopt_dag.store.hamt import check_shard

        check_shard(folder.message, folder.links, path)
        for link in folder.links:
            if len(link.name) > 2:
                yield Link(link.cid, link.name[2:], link.tsize)
            else:
                shard = self.open(link.cid, trail=folder.trail)
                yield from self._named(shard, path + bytes([int(link.name, 16)]))


def _stated_size(message: Message, links: tuple[Link, ...]) -> int:
    if message.kind in (Kind.FOLDER, Kind.SHARD):
        return 0
    if message.kind not in (Kind.FILE, Kind.RAW):
        raise ContentRefusedError(
            f"a {message.kind.name.lower()} is neither a file nor a folder.",
            hint="its author should add it again with plain files in place of symlinks.",
        )
    if len(links) != len(message.block_sizes):
        raise malformed(f"a file has {len(links)} parts and {len(message.block_sizes)} sizes.")
    if 0 in message.block_sizes:  # empty parts would cost time and add nothing: a bomb
        raise malformed("a part of a file is empty.")
    size = len(message.data) + sum(message.block_sizes)
    if message.file_size not in (None, size):
        raise malformed(f"a file says {message.file_size} bytes, its parts sum to {size}.")
    return size

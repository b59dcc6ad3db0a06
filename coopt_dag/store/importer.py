"""Bytes and folders become blocks, streaming, exactly as a profile says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.profile import UNIXFS_V1_2025, Profile
from coopt_dag.store.unixfs import Kind, Message, encode_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.store.protocol import Put


class Readable(Protocol):
    """A binary stream; short reads are fine."""

    def read(self, size: int, /) -> bytes | None:
        """Give up to `size` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A file or folder that has become blocks."""

    cid: CID
    tsize: int
    """Bytes of all its blocks, repeats counted: what links to it must say."""
    size: int
    """Bytes of content (of a folder: of all its files)."""


def import_file(stream: Readable, put: Put, *, profile: Profile = UNIXFS_V1_2025) -> Imported:
    """Cut a stream into leaves below a balanced tree, holding one leaf in memory.

    Examples
    --------
    >>> import io
    >>> str(import_file(io.BytesIO(b"hello world"), CID.of).cid)
    'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
    """
    put = _naming(put, profile)
    levels: list[list[Imported]] = [[]]
    for leaf in _leaves(stream, put, profile):
        _append(levels, 0, leaf, put, profile.width)
    for height in range(64):  # levels grow while we close them
        if height == len(levels) - 1 and len(levels[height]) == 1:
            break
        if levels[height]:
            whole = _put_file_node(levels[height], put)
            levels[height] = []
            _append(levels, height + 1, whole, put, profile.width)
    return levels[-1][0]


def import_folder(
    entries: Mapping[bytes, Imported], put: Put, *, profile: Profile = UNIXFS_V1_2025
) -> Imported:
    """Put a folder of things already imported; a large one is sharded by the hash of names.

    Examples
    --------
    >>> str(import_folder({}, CID.of).cid)
    'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'
    """
    put = _naming(put, profile)
    links = [Link(thing.cid, name, thing.tsize) for name, thing in sorted(entries.items())]
    size = sum(thing.size for thing in entries.values())
    block = encode_node(links, encode_message(Message(Kind.FOLDER)))
    if _length(block, links, profile) > profile.folder_bytes:
        from coopt_dag.store.hamt import put_shards

        root = put_shards(links, put)
        return Imported(root.cid, root.tsize, size)
    tsize = len(block) + sum(link.tsize for link in links)
    return Imported(put(block, Codec.DAG_PB), tsize, size)


def import_symlink(target: bytes, put: Put, *, profile: Profile = UNIXFS_V1_2025) -> Imported:
    """Put a symlink, which is its text; whereto it leads is not looked at.

    >>> import_symlink(b"hits.csv", CID.of).tsize  # three tags and lengths, and the text
    14
    """
    block = encode_node([], encode_message(Message(Kind.SYMLINK, target)))
    return Imported(_naming(put, profile)(block, Codec.DAG_PB), len(block), 0)


def _naming(put: Put, profile: Profile) -> Put:
    """Give CIDs of the profile's version; stores themselves always answer in version 1."""
    if profile.cid_version == 1:
        return put
    return lambda block, codec: CID(0, codec, put(block, codec).digest)


def _length(block: bytes, links: list[Link], profile: Profile) -> int:
    if profile.folder_length == "block":
        return len(block)
    return sum(len(link.name) + len(link.cid.to_bytes()) for link in links)


def _leaves(stream: Readable, put: Put, profile: Profile) -> Iterator[Imported]:
    chunk = read_full(stream, profile.chunk_bytes)
    while True:
        yield _put_leaf(chunk, put, profile)
        if len(chunk) < profile.chunk_bytes:  # also the one leaf of an empty file
            return
        chunk = read_full(stream, profile.chunk_bytes)
        if not chunk:
            return


def _put_leaf(chunk: bytes, put: Put, profile: Profile) -> Imported:
    if profile.raw_leaves:
        return Imported(put(chunk, Codec.RAW), len(chunk), len(chunk))
    block = encode_node([], encode_message(Message(Kind.FILE, chunk, file_size=len(chunk))))
    return Imported(put(block, Codec.DAG_PB), len(block), len(chunk))


def read_full(stream: Readable, size: int) -> bytes:
    """Read until `size` bytes or the end: where a pipe pauses must not change the CID.

    >>> import io
    >>> read_full(io.BytesIO(b"hits"), 9)
    b'hits'
    """
    first = stream.read(size) or b""
    if not first or len(first) == size:
        return first
    pieces, left = [first], size - len(first)
    while left and (more := stream.read(left)):
        pieces.append(more)
        left -= len(more)
    return b"".join(pieces)


def _append(
    levels: list[list[Imported]], height: int, node: Imported, put: Put, width: int
) -> None:
    """Add a node; a level closes only when the next node arrives, so a full tree has one root."""
    if height == len(levels):
        levels.append([])
    if len(levels[height]) == width:
        whole = _put_file_node(levels[height], put)
        levels[height] = []
        _append(levels, height + 1, whole, put, width)
    levels[height].append(node)


def _put_file_node(parts: list[Imported], put: Put) -> Imported:
    sizes = tuple(part.size for part in parts)
    message = Message(Kind.FILE, file_size=sum(sizes), block_sizes=sizes)
    block = encode_node([Link(p.cid, b"", p.tsize) for p in parts], encode_message(message))
    tsize = len(block) + sum(part.tsize for part in parts)
    return Imported(put(block, Codec.DAG_PB), tsize, sum(sizes))

"""Large folders: a trie over the hashes of names (HAMT), fanout 256, murmur3-x64-64.

The only module that needs `mmh3`; it is imported when a folder is large enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import mmh3

from coopt_dag.errors import ContentRefusedError
from coopt_dag.store.cid import Codec
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.protobuf import malformed
from coopt_dag.store.unixfs import Kind, Message, encode_message

if TYPE_CHECKING:
    from coopt_dag.store.protocol import Put

FANOUT = 256
_MURMUR3_X64_64 = 0x22
_HASH_BYTES = 8


def name_hash(name: bytes) -> bytes:
    """Give the eight slots of a name, one a level.

    >>> len(name_hash(b"event.parquet"))
    8
    """
    number: int = mmh3.hash64(name, x64arch=True, signed=False)[0]
    return number.to_bytes(_HASH_BYTES, "big")


def put_shards(entries: list[Link], put: Put) -> Link:
    """Put a folder's shards; give a nameless link to the root shard.

    Raises
    ------
    ContentRefusedError
        Two names share all 64 bits of the hash: no HAMT can hold both.
    """
    return _put_shard([(name_hash(entry.name), entry) for entry in entries], 0, put)


def _put_shard(items: list[tuple[bytes, Link]], level: int, put: Put) -> Link:
    if level == _HASH_BYTES:
        names = " and ".join(repr(link.name.decode(errors="replace")) for _, link in items[:2])
        raise ContentRefusedError(f"the names {names} have one hash.", hint="rename one of them.")
    slots: dict[int, list[tuple[bytes, Link]]] = {}
    for item in items:
        slots.setdefault(item[0][level], []).append(item)
    bitmap, links = 0, []
    for slot, inside in sorted(slots.items()):
        bitmap |= 1 << slot
        prefix = b"%02X" % slot
        link = inside[0][1] if len(inside) == 1 else _put_shard(inside, level + 1, put)
        links.append(Link(link.cid, prefix + link.name, link.tsize))
    bits = bitmap.to_bytes(FANOUT // 8, "big").lstrip(b"\0")
    message = Message(Kind.SHARD, bits, hash_type=_MURMUR3_X64_64, fanout=FANOUT)
    block = encode_node(links, encode_message(message))
    return Link(put(block, Codec.DAG_PB), b"", len(block) + sum(link.tsize for link in links))


def check_shard(message: Message, links: tuple[Link, ...], path: bytes) -> None:
    """Refuse a shard whose bitmap, prefixes and names do not agree; `path` leads to it.

    Raises
    ------
    ContentRefusedError
        Other software would not find these names, or find others.
    """
    if message.hash_type != _MURMUR3_X64_64 or message.fanout != FANOUT:
        raise malformed(f"a HAMT of hash {message.hash_type} and fanout {message.fanout}.")
    if len(path) >= _HASH_BYTES:
        raise malformed("a HAMT is deeper than its hash is long.")
    bitmap = int.from_bytes(message.data, "big")
    slots = [slot for slot in range(FANOUT) if bitmap >> slot & 1]
    if bitmap >> FANOUT or [b"%02X" % slot for slot in slots] != [link.name[:2] for link in links]:
        raise malformed("the bitmap of a HAMT does not match its links.")
    for slot, link in zip(slots, links, strict=True):
        here = path + bytes([slot])
        if len(link.name) > 2 and not name_hash(link.name[2:]).startswith(here):
            raise malformed("a name lies in a slot of the HAMT that is not its own.")

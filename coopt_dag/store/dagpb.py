"""dag-pb: a block that is a list of named links and a piece of data, in one canonical form."""

from __future__ import annotations

from dataclasses import dataclass

from coopt_dag.store.cid import CID
from coopt_dag.store.protobuf import bytes_field, fields, int_field, malformed

_DATA, _LINKS = 1, 2  # PBNode; links come first in the bytes, for historical reasons
_HASH, _NAME, _TSIZE = 1, 2, 3  # PBLink


@dataclass(frozen=True, slots=True)
class Link:
    """A link: whereto, under which name, and the bytes of all blocks below (with repeats)."""

    cid: CID
    name: bytes
    tsize: int


@dataclass(frozen=True, slots=True)
class Node:
    """The content of a dag-pb block."""

    links: tuple[Link, ...]
    data: bytes | None


def encode_node(links: list[Link], data: bytes) -> bytes:
    """Encode links, in the order given, then data.

    >>> encode_node([], bytes.fromhex("0801")).hex()   # an empty folder
    '0a020801'
    """
    out = bytearray()
    for link in links:
        out += bytes_field(
            _LINKS,
            bytes_field(_HASH, link.cid.to_bytes())
            + bytes_field(_NAME, link.name)
            + int_field(_TSIZE, link.tsize),
        )
    return bytes(out) + bytes_field(_DATA, data)


def decode_node(block: bytes) -> Node:
    r"""Decode a block; fields out of order, repeated or unknown are refused.

    Raises
    ------
    ContentRefusedError
        The block is not canonical dag-pb, or links to something that is not UnixFS.

    References
    ----------
    IPLD specification of dag-pb, "Logical format" and "Strictness".

    Examples
    --------
    >>> decode_node(bytes.fromhex("0a020801"))
    Node(links=(), data=b'\x08\x01')
    """
    links: list[Link] = []
    data: bytes | None = None
    for number, value in fields(block):
        if not isinstance(value, bytes) or number not in (_DATA, _LINKS):
            raise malformed(f"dag-pb has no field {number} of this kind.")
        if data is not None:
            raise malformed("a dag-pb field follows the data, which come last and once.")
        if number == _LINKS:
            links.append(_decode_link(value))
        else:
            data = value
    return Node(tuple(links), data)


def _decode_link(data: bytes) -> Link:
    cid: CID | None = None
    name, tsize, last = b"", 0, 0
    for number, value in fields(data):
        if number <= last:
            raise malformed("the fields of a link are repeated or out of order.")
        last = number
        if number == _HASH and isinstance(value, bytes):
            cid = CID.from_bytes(value)
        elif number == _NAME and isinstance(value, bytes):
            name = value
        elif number == _TSIZE and isinstance(value, int):
            tsize = value
        else:
            raise malformed(f"a link has no field {number} of this kind.")
    if cid is None:
        raise malformed("a link leads nowhere: it has no hash.")
    return Link(cid, name, tsize)

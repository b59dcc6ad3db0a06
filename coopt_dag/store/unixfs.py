"""UnixFS: the message inside a dag-pb block that says 'file', 'folder' or 'shard of a folder'."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from coopt_dag.store.protobuf import bytes_field, fields, int_field, malformed


class Kind(IntEnum):
    """What a block is part of (`DataType` of the UnixFS specification)."""

    RAW = 0
    FOLDER = 1
    FILE = 2
    METADATA = 3
    SYMLINK = 4
    SHARD = 5


@dataclass(frozen=True, slots=True)
class Message:
    """A UnixFS message; mode and mtime of foreign ones are read over."""

    kind: Kind
    data: bytes = b""
    file_size: int | None = None
    block_sizes: tuple[int, ...] = ()
    hash_type: int | None = None
    fanout: int | None = None


def encode_message(message: Message) -> bytes:
    """Encode with ascending fields; empty data are left out.

    >>> encode_message(Message(Kind.FOLDER)).hex()
    '0801'
    """
    out = bytearray(int_field(1, message.kind))
    if message.data:
        out += bytes_field(2, message.data)
    for number, value in (
        (3, message.file_size),
        *((4, size) for size in message.block_sizes),
        (5, message.hash_type),
        (6, message.fanout),
    ):
        if value is not None:
            out += int_field(number, value)
    return bytes(out)


def decode_message(data: bytes) -> Message:
    """Decode a UnixFS message; an unknown, repeated or mistyped field is refused.

    Raises
    ------
    ContentRefusedError
        The bytes are no UnixFS message.

    Examples
    --------
    >>> decode_message(bytes.fromhex("0801")).kind
    <Kind.FOLDER: 1>
    """
    ints: dict[int, int] = {}
    texts: dict[int, bytes] = {}
    sizes: list[int] = []
    for number, value in fields(data):
        if number == 4 and isinstance(value, int):
            sizes.append(value)
        elif number in (1, 3, 5, 6, 7) and number not in ints and isinstance(value, int):
            ints[number] = value
        elif number in (2, 8) and number not in texts and isinstance(value, bytes):
            texts[number] = value
        else:
            raise malformed(f"UnixFS field {number} is unknown, repeated or of a wrong kind.")
    if ints.get(1) not in set(Kind):
        raise malformed(f"UnixFS has no type {ints.get(1)}.")
    return Message(
        Kind(ints[1]), texts.get(2, b""), ints.get(3), tuple(sizes), ints.get(5), ints.get(6)
    )

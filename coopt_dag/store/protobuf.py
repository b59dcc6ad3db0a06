"""The part of protobuf that IPFS blocks are made of: varints and length-delimited bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HINT = "the block was not made by an IPFS tool; ask its author for another copy."


def malformed(message: str) -> ContentRefusedError:
    """Build the complaint about bytes that do not decode.

    >>> str(malformed("a varint ends early."))
    'malformed block: a varint ends early.'
    """
    return ContentRefusedError(f"malformed block: {message}", hint=_HINT)


def varint(number: int) -> bytes:
    """Encode an unsigned integer, seven bits a byte, least significant first.

    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def bytes_field(number: int, value: bytes) -> bytes:
    """Encode field `number` as length-delimited bytes.

    >>> bytes_field(1, b"ab").hex()
    '0a026162'
    """
    return varint(number << 3 | 2) + varint(len(value)) + value


def int_field(number: int, value: int) -> bytes:
    """Encode field `number` as a varint.

    >>> int_field(3, 5).hex()
    '1805'
    """
    return varint(number << 3) + varint(value)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Give the varint that starts at `at` and the position after it; only its shortest form.

    Raises
    ------
    ContentRefusedError
        It ends early, is longer than needed, or exceeds 64 bits.

    Examples
    --------
    >>> read_varint(bytes.fromhex("ac02"), 0)
    (300, 2)
    """
    value = shift = 0
    while True:
        if at >= len(data):
            raise malformed("a varint ends early.")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise malformed("a varint exceeds 64 bits.")
    if value >> 64 or (byte == 0 and shift):
        raise malformed("a varint is not in its shortest form or exceeds 64 bits.")
    return value, at


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give (field number, value) in the order of the bytes; integers or bytes only.

    Raises
    ------
    ContentRefusedError
        Another wire type, or a length beyond the end.

    Examples
    --------
    >>> list(fields(int_field(3, 5) + bytes_field(1, b"ab")))
    [(3, 5), (1, b'ab')]
    """
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        number, wire = key >> 3, key & 7
        value, at = read_varint(data, at)
        if wire == 0:
            yield number, value
        elif wire == 2:
            if value > len(data) - at:
                raise malformed(f"field {number} says {value} bytes, {len(data) - at} are left.")
            yield number, data[at : at + value]
            at += value
        else:
            raise malformed(f"field {number} has wire type {wire}; 0 and 2 exist here.")

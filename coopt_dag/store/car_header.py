"""The header of a CAR: the one map of DAG-CBOR that we read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError
from coopt_dag.store.cid import CID

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAP_OF_2 = b"\xa2"
_ROOTS, _VERSION = b"\x65roots", b"\x67version"
_V1 = b"\x01"
_TAG_CID = b"\xd8\x2a"
_BYTES, _ARRAY = 2, 4  # major types of CBOR
_FOLLOWING = {24: 1, 25: 2, 26: 4, 27: 8}  # how many bytes of an argument follow the first


def broken(message: str) -> ContentRefusedError:
    """Build the complaint about a stream that is no CAR that we take.

    >>> str(broken("it is empty."))
    'malformed CAR: it is empty.'
    """
    return ContentRefusedError(
        f"malformed CAR: {message}",
        hint="it was cut short or damaged on the way, or is no CAR: get another copy.",
    )


def encode_header(roots: Sequence[CID]) -> bytes:
    """Encode ``{"roots": [...], "version": 1}``, canonically.

    >>> encode_header([]).hex()
    'a265726f6f7473806776657273696f6e01'
    """
    links = b"".join(_TAG_CID + _head(_BYTES, len(b) + 1) + b"\0" + b for b in _binary(roots))
    return _MAP_OF_2 + _ROOTS + _head(_ARRAY, len(roots)) + links + _VERSION + _V1


def decode_header(content: bytes, *, most_roots: int) -> tuple[CID, ...]:
    """Give the roots; the two keys may come in either order, all else must be canonical.

    Raises
    ------
    ContentRefusedError
        Another map, another version, or too many roots.

    Examples
    --------
    >>> decode_header(encode_header([]), most_roots=1)
    ()
    """
    if not content.startswith(_MAP_OF_2):
        raise broken("its header is no map of roots and version.")
    if content.startswith(_VERSION, 1):
        _check_version(content, 1 + len(_VERSION))
        at = 1 + len(_VERSION) + len(_V1)
        roots, at = _decode_roots(content, at, most_roots)
    else:
        roots, at = _decode_roots(content, 1, most_roots)
        if not content.startswith(_VERSION, at):
            raise broken("its header does not say which version it has.")
        _check_version(content, at + len(_VERSION))
        at += len(_VERSION) + len(_V1)
    if at != len(content):
        raise broken(f"{len(content) - at} bytes follow its header, inside of it.")
    return roots


def _binary(roots: Sequence[CID]) -> list[bytes]:
    return [root.to_bytes() for root in roots]


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major << 5 | number,))
    for code, size in _FOLLOWING.items():
        if number >> 8 * size == 0:
            return bytes((major << 5 | code,)) + number.to_bytes(size, "big")
    raise broken(f"{number} is no number of CBOR.")


def _read_head(content: bytes, at: int, major: int) -> tuple[int, int]:
    """Read a number of a major type in its shortest form; indefinite lengths are refused."""
    number = content[at] & 0x1F if at < len(content) else 31
    end = at + 1 + _FOLLOWING.get(number, 0)
    if number >= 24:
        number = int.from_bytes(content[at + 1 : end], "big")
    if content[at:end] != _head(major, number):
        raise broken("its header is cut short or not canonical DAG-CBOR.")
    return number, end


def _decode_roots(content: bytes, at: int, most: int) -> tuple[tuple[CID, ...], int]:
    if not content.startswith(_ROOTS, at):
        raise broken("its header has no roots.")
    count, at = _read_head(content, at + len(_ROOTS), _ARRAY)
    if count > most:
        raise ContentRefusedError(
            f"the CAR exceeds the limit of {most} roots: it says {count}.",
            hint="if you trust its author, raise roots in the limits.",
        )
    roots = []
    for _ in range(count):
        if not content.startswith(_TAG_CID, at):
            raise broken("one of its roots is no link.")
        size, at = _read_head(content, at + len(_TAG_CID), _BYTES)
        if content[at : at + 1] != b"\0" or at + size > len(content):
            raise broken("one of its roots is cut short or no binary CID.")
        roots.append(CID.from_bytes(content[at + 1 : at + size]))
        at += size
    return tuple(roots), at


def _check_version(content: bytes, at: int) -> None:
    if content[at : at + 1] != _V1:
        raise broken(f"its version is {content[at : at + 1].hex() or 'absent'}; 1 and 2 exist.")

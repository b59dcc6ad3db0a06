"""CAR: a DAG as one stream of bytes; CARv1 out, CARv1 and the inside of CARv2 in.

References
----------
IPLD, "Content Addressable aRchives", CARv1 and CARv2 specifications.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from coopt_dag.errors import IntegrityError
from coopt_dag.store.car_header import broken, decode_header, encode_header
from coopt_dag.store.cid import CID
from coopt_dag.store.importer import Readable, read_full
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits, Spent
from coopt_dag.store.protobuf import varint
from coopt_dag.store.protocol import MAX_BLOCK_BYTES, check_hash, check_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coopt_dag.store.protocol import Store

_MAX_HEADER_BYTES = 1 << 20
_V0_BYTES, _V1_BYTES = 34, 36  # of the CIDs that we know
_V2_PRAGMA = bytes.fromhex("a16776657273696f6e02")  # {"version": 2}
_V2_HEADER_BYTES = 40
_V2_START = 1 + len(_V2_PRAGMA) + _V2_HEADER_BYTES


class Writable(Protocol):
    """A binary stream that takes all it is given."""

    def write(self, data: bytes, /) -> object:
        """Write `data`."""


@dataclass(frozen=True, slots=True)
class Car:
    """A CAR that is being read: its roots, then, once, its blocks, each verified."""

    roots: tuple[CID, ...]
    _stream: Readable = field(repr=False)
    _spent: Spent = field(repr=False)

    def __iter__(self) -> Iterator[tuple[CID, bytes]]:
        """Give the blocks in the order of the stream, one in memory at a time.

        Raises
        ------
        IntegrityError
            A block does not match its CID.
        ContentRefusedError
            The stream ends early, is malformed, or exceeds a limit.
        """
        for cid, block in self.frames():
            check_hash(cid, block, place="CAR")
            yield cid, block

    def frames(self) -> Iterator[tuple[CID, bytes]]:
        """Give the blocks as they are: for who hashes them anyway."""
        while (length := _read_length(self._stream)) is not None:
            cid, cid_bytes = _read_cid(self._stream, length)
            size = length - cid_bytes
            if size > MAX_BLOCK_BYTES:
                raise broken(f"{cid} is said to have {size} bytes, {MAX_BLOCK_BYTES} are the most.")
            self._spent.count(blocks=1, total_bytes=size)
            yield cid, _read_exactly(self._stream, size, f"the block {cid}")


def header(roots: Sequence[CID]) -> bytes:
    """Give the first bytes of a CAR with these roots.

    >>> header([]).hex()
    '11a265726f6f7473806776657273696f6e01'
    """
    content = encode_header(roots)
    return varint(len(content)) + content


def frame(cid: CID, block: bytes) -> bytes:
    """Give a block as it lies in a CAR: length, CID, bytes.

    >>> from coopt_dag.store.cid import Codec
    >>> frame(CID.of(b"hits", Codec.RAW), b"hits")[:5].hex()
    '2801551220'
    """
    name = cid.to_bytes()
    return b"".join((varint(len(name) + len(block)), name, block))


def write_car(stream: Writable, roots: Sequence[CID], blocks: Iterable[tuple[CID, bytes]]) -> int:
    """Write a CARv1, block by block; give the number of bytes written.

    The CAR of a whole DAG is ``write_car(stream, [root], walk(store, root))``.

    Examples
    --------
    >>> import io
    >>> write_car(io.BytesIO(), [], [])
    18
    """
    start = header(roots)
    stream.write(start)
    written = len(start)
    for cid, block in blocks:
        check_size(block)
        name = cid.to_bytes()
        front = varint(len(name) + len(block)) + name
        stream.write(front)
        stream.write(block)  # not joined to its front: that would copy it
        written += len(front) + len(block)
    return written


def read_car(stream: Readable, *, limits: Limits = DEFAULT_LIMITS) -> Car:
    """Read the roots of a CAR, and no more; its blocks are read by iterating.

    Parameters
    ----------
    stream : Readable
        From the first byte of the CAR. Of a CARv1, all that follows must belong to it.
    limits : Limits
        `roots`, `blocks` and `total_bytes` (here: of blocks, as often as they come).

    Raises
    ------
    ContentRefusedError
        No CAR, one of another version, or a root that is not a sha2-256 CID.

    Examples
    --------
    >>> import io
    >>> read_car(io.BytesIO(header([]))).roots
    ()
    """
    content = _read_header(stream)
    if content == _V2_PRAGMA:
        stream = _inside_v2(stream)
        content = _read_header(stream)
    roots = decode_header(content, most_roots=limits.roots)
    return Car(roots, stream, Spent(limits))


def import_car(
    store: Store, stream: Readable, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[CID, ...]:
    """Put the blocks of a CAR into a store, all or nothing; give its roots.

    That the roots are whole is not checked: a CAR may hold a part of a DAG.

    Raises
    ------
    IntegrityError
        A block does not match its CID; nothing was kept.
    ContentRefusedError
        The stream ends early, is malformed, or exceeds a limit; nothing was kept.

    Examples
    --------
    >>> import io
    >>> from coopt_dag.store.memory import MemoryStore
    >>> import_car(MemoryStore(), io.BytesIO(header([])))
    ()
    """
    car = read_car(stream, limits=limits)
    with store.batch() as put:
        for cid, block in car.frames():
            got = put(block, cid.codec)
            if got.digest != cid.digest:
                raise IntegrityError(
                    f"the {len(block)} bytes given for {cid} hash to {got}; nothing was kept.",
                    hint="the CAR is damaged: get another copy of it.",
                    path="CAR",
                )
    return car.roots


def _read_header(stream: Readable) -> bytes:
    length = _read_length(stream)
    if length is None:
        raise broken("it is empty.")
    if length > _MAX_HEADER_BYTES:
        raise broken(f"a header of {length} bytes; {_MAX_HEADER_BYTES} are the most.")
    return _read_exactly(stream, length, "the header")


def _inside_v2(stream: Readable) -> Readable:
    """Go to the CARv1 inside a CARv2; the index, which may follow, is never read."""
    numbers = _read_exactly(stream, _V2_HEADER_BYTES, "the header of CARv2")
    start, size = (int.from_bytes(numbers[at : at + 8], "little") for at in (16, 24))
    padding = start - _V2_START
    if not 0 <= padding <= _MAX_HEADER_BYTES:
        raise broken(f"CARv2 says that its data begin at byte {start}.")
    _read_exactly(stream, padding, "the padding of CARv2")
    return _Part(stream, size)


class _Part:
    """The next `size` bytes of a stream, which must be there."""

    def __init__(self, stream: Readable, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int, /) -> bytes:
        wanted = min(size, self._left)
        piece = self._stream.read(wanted) or b""
        if wanted and not piece:
            raise broken(f"it ends {self._left} bytes before the end of its CARv1.")
        self._left -= len(piece)
        return piece


def _read_length(stream: Readable) -> int | None:
    """Read a varint that begins a section; None at the end of the stream."""
    first = stream.read(1)
    if not first:
        return None
    value = shift = 0
    byte = first[0]
    while byte & 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > 56:
            raise broken("a length exceeds 63 bits.")
        byte = _read_exactly(stream, 1, "a length")[0]
    value |= byte << shift
    if value == 0 or (byte == 0 and shift):
        raise broken("a section of no bytes, or a length not in its shortest form.")
    return value


def _read_cid(stream: Readable, length: int) -> tuple[CID, int]:
    if length < _V0_BYTES:
        raise broken(f"a section of {length} bytes has no room for a sha2-256 CID.")
    name = _read_exactly(stream, _V0_BYTES, "a CID")
    if name[0] == 1 and length >= _V1_BYTES:
        name += _read_exactly(stream, _V1_BYTES - _V0_BYTES, "a CID")
    return CID.from_bytes(name), len(name)


def _read_exactly(stream: Readable, size: int, what: str) -> bytes:
    data = read_full(stream, size)
    if len(data) < size:
        raise broken(f"it ends {size - len(data)} bytes before the end of {what}.")
    return data

"""CARs: what we write others read, what others write we read, and hostile ones cost nothing."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from pathlib import Path

import pytest

from coopt_dag.errors import ContentRefusedError, IntegrityError
from coopt_dag.store.car import Car, frame, header, import_car, read_car, write_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import add_path, fetch_path
from coopt_dag.store.limits import Limits
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protobuf import varint
from coopt_dag.store.protocol import MAX_BLOCK_BYTES, Store
from coopt_dag.store.walk import walk

HITS = CID.of(b"hits", Codec.RAW)
CHUNK = 1 << 20


def car(*blocks: bytes) -> bytes:
    return header([HITS]) + b"".join(frame(CID.of(block, Codec.RAW), block) for block in blocks)


def read(data: bytes, limits: Limits | None = None) -> list[tuple[CID, bytes]]:
    return list(read_car(io.BytesIO(data), limits=limits or Limits()))


def refused(data: bytes, why: str, *, limits: Limits | None = None) -> None:
    with pytest.raises(ContentRefusedError, match=why) as caught:
        read(data, limits)
    assert caught.value.hint


class Drops(io.RawIOBase):
    """Gives one byte at a time, as a slow network may."""

    def __init__(self, content: bytes) -> None:
        self._left = io.BytesIO(content)

    def read(self, size: int = -1, /) -> bytes:
        return self._left.read(min(size, 1))


def test_a_dag_goes_from_store_to_store(store: Store, tmp_path: Path) -> None:
    source, content = MemoryStore(), tmp_path / "content"
    (content / "sub").mkdir(parents=True)
    (content / "sub" / "large").write_bytes(bytes(range(256)) * 10_000)
    (content / "empty").touch()
    root = add_path(source, content)
    stream = io.BytesIO()
    written = write_car(stream, [CID.parse(root)], walk(source, CID.parse(root)))
    assert written == len(stream.getvalue())
    stream.seek(0)
    assert import_car(store, stream) == (CID.parse(root),)
    assert fetch_path(store, root, tmp_path / "out").joinpath("sub", "large").stat().st_size


def test_a_car_is_what_the_specification_says_byte_by_byte() -> None:
    # a2: map of 2; 65 "roots": 81 one item, d82a tag 42, 5825 37 bytes, 00 CID;
    # 67 "version": 01; before it its length 0x3a = 17 + 41, and before the block 36 + 4
    name = bytes.fromhex("01551220") + hashlib.sha256(b"hits").digest()
    start = b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00" + name + b"\x67version\x01"
    assert car(b"hits") == bytes([len(start)]) + start + bytes([40]) + name + b"hits"


def test_roots_of_version_0_and_many_roots_are_read_back() -> None:
    roots = [CID(0, Codec.DAG_PB, HITS.digest), HITS] * 200
    assert read_car(io.BytesIO(header(roots))).roots == tuple(roots)
    assert read_car(io.BytesIO(header([]))).roots == ()


def test_keys_of_the_header_may_come_in_the_other_order() -> None:
    other = b"\xa2\x67version\x01\x65roots\x80"
    assert read_car(io.BytesIO(varint(len(other)) + other)).roots == ()


def test_a_slow_stream_gives_the_same() -> None:
    data = car(b"hits", b"", b"x" * 300)
    assert list(read_car(Drops(data))) == read(data)
    assert [block for _, block in read(data)] == [b"hits", b"", b"x" * 300]


def test_the_inside_of_a_version_2_is_read_and_its_index_is_not() -> None:
    inside = car(b"hits")
    for padding in (0, 5):
        front = varint(10) + b"\xa1\x67version\x02" + bytes(16)
        start = 51 + padding
        front += b"".join(n.to_bytes(8, "little") for n in (start, len(inside), 0))
        data = front + bytes(padding) + inside
        assert read(data + b"index") == [(HITS, b"hits")]
        refused(data[:-1], "ends 1 bytes before")
        refused(data[: -len(inside) + len(header([HITS]))], "before the end of its CARv1")
    refused(front[:-24] + bytes(24), "begin at byte 0")
    refused(front[:-24] + b"\xff" * 24, "begin at byte")


def test_it_may_end_between_blocks_and_nowhere_else() -> None:
    data = car(b"hits", b"x" * 200)
    ends = {len(header([HITS])), len(car(b"hits")), len(data)}
    for end in range(len(data) + 1):
        if end in ends:
            assert len(read(data[:end])) == sorted(ends).index(end)
        else:
            refused(data[:end], "malformed CAR")


def test_a_block_cut_short_is_named() -> None:
    refused(car(b"hits")[:-1], f"1 bytes before the end of the block {HITS}")


def test_bytes_that_are_not_the_ones_named_are_refused_and_nothing_is_kept(store: Store) -> None:
    data = car(b"good", b"hits")[:-1] + b"!"
    with pytest.raises(IntegrityError, match=str(HITS)):
        read(data)
    with pytest.raises(IntegrityError, match=str(HITS)) as caught:
        import_car(store, io.BytesIO(data))
    assert caught.value.hint
    assert not store.has(CID.of(b"good", Codec.RAW))


def test_a_car_cut_short_leaves_nothing(store: Store) -> None:
    with pytest.raises(ContentRefusedError, match="ends 2 bytes before"):
        import_car(store, io.BytesIO(car(b"good", b"hits")[:-2]))
    assert not store.has(CID.of(b"good", Codec.RAW))


@pytest.mark.parametrize(
    "length", [varint(1 << 60), varint((1 << 63) - 1), b"\xff" * 9 + b"\x01", b"\xff" * 100]
)
def test_a_length_without_end_costs_no_memory(length: bytes) -> None:
    name = HITS.to_bytes()
    tracemalloc.start()
    refused(header([]) + length + name, "are the most|exceeds 63 bits")
    refused(length + name, "are the most|exceeds 63 bits")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < CHUNK


def test_a_block_as_large_as_nodes_take_and_one_byte_more() -> None:
    assert len(read(car(bytes(MAX_BLOCK_BYTES)))) == 1
    refused(car(bytes(MAX_BLOCK_BYTES + 1)), f"{MAX_BLOCK_BYTES} are the most")
    with pytest.raises(ContentRefusedError, match=str(MAX_BLOCK_BYTES)):
        write_car(io.BytesIO(), [], [(HITS, bytes(MAX_BLOCK_BYTES + 1))])


def test_more_blocks_bytes_or_roots_than_the_limits() -> None:
    data = car(b"abc", b"def")
    assert len(read(data, Limits(blocks=2, total_bytes=6, roots=1))) == 2
    refused(data, "1 blocks", limits=Limits(blocks=1))
    refused(data, "5 total_bytes", limits=Limits(total_bytes=5))
    refused(data, "0 roots: it says 1", limits=Limits(roots=0))
    refused(header([HITS] * 10_001), "10000 roots")


def test_padding_and_lengths_that_are_not_the_shortest() -> None:
    refused(car(b"hits") + b"\0", "a section of no bytes")
    refused(car(b"hits") + b"\x80\x00", "not in its shortest form")
    refused(car(b"hits") + bytes(100), "a section of no bytes")
    refused(car(b"hits") + b"\x05abcde", "no room for a sha2-256 CID")
    refused(b"", "it is empty")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("01550004" + "00" * 40, "identity CID"),  # bafkqaba: the content is in the name
        ("01711220" + "00" * 32, "neither raw nor dag-pb"),  # dag-cbor
        ("01551320" + "00" * 40, "not a sha2-256 CID"),  # sha2-512, cut
        ("02551220" + "00" * 32, "not a sha2-256 CID"),  # CIDv2
        ("ff" * 50, "not a sha2-256 CID"),
    ],
)
def test_names_that_we_do_not_take(name: str, why: str) -> None:
    data = bytes.fromhex(name)
    refused(header([]) + varint(len(data)) + data, why)
    root = b"\xd8\x2a\x58" + bytes([len(data[:36]) + 1]) + b"\0" + data[:36]
    start = b"\xa2\x65roots\x81" + root + b"\x67version\x01"
    refused(varint(len(start)) + start, why)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "a0",
        "a1" + "6776657273696f6e01",  # no roots
        "a2" + "65726f6f747380" + "6776657273696f6e03",  # version 3
        "a2" + "65726f6f747380" + "6776657273696f6e1801",  # 1 in two bytes
        "a2" + "65726f6f74739f" + "ff" + "6776657273696f6e01",  # indefinite length
        "a2" + "65726f6f74739800" + "6776657273696f6e01",  # 0 in two bytes
        "a2" + "65726f6f74739bffffffffffffffff" + "6776657273696f6e01",  # 2^64 - 1 roots
        "a2" + "65726f6f747380" + "6776657273696f6e0100",  # a byte more
        "a2" + "65726f6f747380",  # cut
        "a2" + "65726f6f747381" + "d82b" + "412f" + "6776657273696f6e01",  # another tag
        "a2" + "65726f6f747381" + "d82a" + "40" + "6776657273696f6e01",  # an empty link
        "a2" + "65726f6f747381" + "d82a" + "4101" + "6776657273696f6e01",  # no leading 0
        "a3" + "65726f6f747380" + "6776657273696f6e01" + "616100",  # a third key
        "bf" + "65726f6f747380" + "6776657273696f6e01" + "ff",
    ],
)
def test_a_header_that_is_not_the_one_map(content: str) -> None:
    data = bytes.fromhex(content)
    refused((varint(len(data)) if data else b"\0") + data, "malformed CAR|limit of 10000 roots")


def test_one_block_at_a_time_is_in_memory() -> None:
    class Endless(io.RawIOBase):
        """A CAR of 200 blocks of 1 MiB, made while it is read."""

        def __init__(self) -> None:
            self.made, self.left = 0, io.BytesIO(header([]))

        def read(self, size: int = -1, /) -> bytes:
            if not (piece := self.left.read(size)) and self.made < 200:
                self.made += 1
                block = bytes([self.made]) * CHUNK
                self.left = io.BytesIO(frame(CID.of(block, Codec.RAW), block))
                piece = self.left.read(size)
            return piece

    tracemalloc.start()
    count = sum(1 for _ in read_car(Endless()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200
    assert peak < 8 * CHUNK  # the stream itself holds a block twice, and we hold one


def test_what_lies_behind_is_left_alone_until_asked_for() -> None:
    stream = io.BytesIO(car(b"hits"))
    found: Car = read_car(stream)
    assert stream.tell() == len(header([HITS]))
    assert next(iter(found)) == (HITS, b"hits")

"""Decoders: canonical bytes come back as they were, all others are refused by our errors."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import ContentRefusedError, CooptError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, decode_node, encode_node
from coopt_dag.store.limits import Limits
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protobuf import bytes_field, int_field, read_varint, varint
from coopt_dag.store.reader import Reader
from coopt_dag.store.unixfs import Kind, Message, decode_message, encode_message

CHILD = CID.of(b"x", Codec.RAW)
u64 = st.integers(0, 2**64 - 1)
digests = st.binary(min_size=32, max_size=32)
cids = st.builds(CID, st.just(1), st.sampled_from(Codec), digests)
links = st.builds(Link, cids, st.binary(max_size=20), u64)
messages = st.builds(
    Message,
    st.sampled_from(Kind),
    st.binary(max_size=40),
    st.none() | u64,
    st.lists(u64, max_size=5).map(tuple),
    st.none() | u64,
    st.none() | u64,
)


@given(u64)
def test_a_varint_comes_back(number: int) -> None:
    assert read_varint(varint(number), 0) == (number, len(varint(number)))


@given(st.lists(links, max_size=5), st.binary(max_size=40))
def test_a_node_comes_back(children: list[Link], data: bytes) -> None:
    node = decode_node(encode_node(children, data))
    assert (list(node.links), node.data) == (children, data)


@given(messages)
def test_a_unixfs_message_comes_back(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(st.binary(max_size=200))
def test_a_block_that_decodes_is_the_canonical_one(block: bytes) -> None:
    with contextlib.suppress(CooptError):
        node = decode_node(block)
        if node.data is not None and all(link.name and link.tsize for link in node.links):
            assert encode_node(list(node.links), node.data) == block


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_our_errors(data: bytes) -> None:
    for decode in (decode_node, decode_message):
        with contextlib.suppress(CooptError):
            decode(data)


def walk(store: MemoryStore, cid: CID) -> None:
    """Read everything below a block, within small limits."""
    reader = Reader(store, limits=Limits(depth=8, total_bytes=10_000, entries=50, blocks=50))
    todo = [reader.open(cid)]
    while todo:
        opened = todo.pop()
        if opened.is_folder:
            todo += [reader.open(c, trail=opened.trail) for _, c in reader.entries(opened)]
        else:
            list(reader.content(opened))


@given(data=st.data())
def test_a_block_changed_anywhere_raises_only_our_errors(data: st.DataObject) -> None:
    store = MemoryStore()
    x = store.put(b"x", Codec.RAW)
    file = encode_message(Message(Kind.FILE, file_size=2, block_sizes=(1, 1)))
    shard = Message(Kind.SHARD, b"\1", hash_type=0x22, fanout=256)
    block = bytearray(
        data.draw(
            st.sampled_from(
                [
                    encode_node([Link(x, b"", 1)] * 2, file),
                    encode_node(
                        [Link(x, b"a", 1), Link(x, b"b", 1)], encode_message(Message(Kind.FOLDER))
                    ),
                    encode_node([Link(x, b"00a", 1)], encode_message(shard)),
                ]
            )
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(block) - 1))
        match data.draw(st.sampled_from(["set", "cut", "double"])):
            case "set":
                block[at] = data.draw(st.integers(0, 255))
            case "cut":
                del block[at + 1 :]
            case "double":
                block[at:at] = block[at : at + 8]
    with contextlib.suppress(CooptError):
        walk(store, store.put(bytes(block), Codec.DAG_PB))


LINK = bytes_field(1, CHILD.to_bytes())


@pytest.mark.parametrize(
    "block",
    [
        b"\x80",  # a varint that ends early
        b"\x8a\x00\x00",  # field 1 in two bytes
        b"\xff" * 10 + b"\x01",  # beyond 64 bits
        b"\x0a\x05ab",  # five bytes announced, two there
        b"\x0d\x00\x00\x00\x00",  # fixed32
        bytes_field(3, b""),  # no such field
        int_field(1, 1),  # data as an integer
        bytes_field(1, b"") + bytes_field(1, b""),  # data twice
        bytes_field(1, b"") + bytes_field(2, LINK),  # links after data
        bytes_field(2, b""),  # a link without hash
        bytes_field(2, bytes_field(2, b"a") + LINK),  # its fields out of order
        bytes_field(2, LINK + LINK),  # its hash twice
        bytes_field(2, LINK + bytes_field(3, b"")),  # its size as bytes
        bytes_field(2, bytes_field(1, b"\x01\x71" + CHILD.to_bytes()[2:])),  # to dag-cbor
    ],
)
def test_a_block_in_another_form_is_refused(block: bytes) -> None:
    with pytest.raises(ContentRefusedError) as caught:
        decode_node(block)
    assert caught.value.hint


@pytest.mark.parametrize(
    "data", [b"", int_field(1, 6), int_field(1, 2) * 2, int_field(9, 1), bytes_field(1, b"\2")]
)
def test_a_message_that_is_no_unixfs_is_refused(data: bytes) -> None:
    with pytest.raises(ContentRefusedError):
        decode_message(data)


def test_mode_and_mtime_of_others_are_read_over() -> None:
    data = encode_message(Message(Kind.FILE, b"x")) + int_field(7, 0o644) + bytes_field(8, b"")
    assert decode_message(data) == Message(Kind.FILE, b"x")

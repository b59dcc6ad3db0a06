"""The kit: what every store of blocks keeps to."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from coopt_dag.errors import ContentMissingError, ContentRefusedError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.protocol import MAX_BLOCK_BYTES, Store

RAW, DAG_PB = Codec.RAW, Codec.DAG_PB


def test_what_was_put_is_got(store: Store) -> None:
    for block in (b"", b"hits", bytes(MAX_BLOCK_BYTES)):
        assert store.get(store.put(block, RAW)) == block


def test_a_block_is_named_by_the_sha256_of_its_bytes(store: Store) -> None:
    assert store.put(b"hits", RAW).digest == hashlib.sha256(b"hits").digest()


def test_a_block_is_there_once_put_and_not_before(store: Store) -> None:
    cid = CID.of(b"hits", RAW)
    assert not store.has(cid)
    store.put(b"hits", RAW)
    assert store.has(cid)


def test_putting_twice_is_the_same_as_once(store: Store) -> None:
    assert store.put(b"hits", RAW) == store.put(b"hits", RAW)


def test_one_hash_is_one_block_whatever_the_codec_and_version(store: Store) -> None:
    cid = store.put(b"\x0a\x02\x08\x01", DAG_PB)
    assert store.get(CID(0, DAG_PB, cid.digest)) == store.get(CID(1, RAW, cid.digest))


def test_an_absent_block_is_named(store: Store) -> None:
    cid = CID.of(b"never put", RAW)
    with pytest.raises(ContentMissingError, match=str(cid)) as caught:
        store.get(cid)
    assert caught.value.hint


def test_a_block_that_nodes_would_not_exchange_is_refused(store: Store) -> None:
    too_large = bytes(MAX_BLOCK_BYTES + 1)
    with pytest.raises(ContentRefusedError, match=str(MAX_BLOCK_BYTES)):
        store.put(too_large, RAW)
    assert not store.has(CID.of(too_large, RAW))


def test_a_batch_appears_when_it_ends(store: Store) -> None:
    with store.batch() as put:
        cids = [put(bytes([n]), RAW) for n in (1, 2, 1)]
        assert not store.has(cids[0])
    assert [store.get(cid) for cid in cids] == [b"\1", b"\2", b"\1"]


def test_a_batch_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.batch() as put:  # noqa: PT012
        cid = put(b"hits", RAW)
        raise ZeroDivisionError
    assert not store.has(cid)


def test_two_batches_at_once_both_arrive(store: Store) -> None:
    with store.batch() as one, store.batch() as two:
        cids = [one(b"1", RAW), two(b"2", RAW), two(b"1", RAW)]
    assert [store.get(cid) for cid in cids] == [b"1", b"2", b"1"]


def test_many_threads_may_write_the_same_blocks(store: Store) -> None:
    blocks = [bytes([n]) * 1000 for n in range(8)]

    def write(_: int) -> list[CID]:
        with store.batch() as put:
            return [put(block, RAW) for block in blocks]

    with ThreadPoolExecutor(4) as pool:
        cids = list(pool.map(write, range(8)))
    assert all(store.get(c) == b for row in cids for c, b in zip(row, blocks, strict=True))

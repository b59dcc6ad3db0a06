"""A walk gives every block once, in order, and ends however the DAG is made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from coopt_dag.errors import ContentMissingError, ContentRefusedError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.folders import add_path
from coopt_dag.store.limits import Limits
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protocol import MAX_BLOCK_BYTES
from coopt_dag.store.walk import links_of, walk
from tests.store.test_hostile import Liar


def node(links: list[CID], data: bytes = b"") -> bytes:
    return encode_node([Link(cid, b"", 1) for cid in links], data)


def test_parents_come_before_children_and_nothing_comes_twice(tmp_path: Path) -> None:
    store = MemoryStore()
    for name in ("a/x", "a/y", "b/x", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name[-1])
    root = CID.parse(add_path(store, tmp_path))
    found = list(walk(store, root))
    order = [cid for cid, _ in found]
    # root, a, x, y, b (x is known), c; what a and b hold differs
    assert order[0] == root
    assert [block for _, block in found if len(block) == 1] == [b"x", b"y", b"c"]
    assert len(order) == len(set(order)) == 6
    known = {root}
    for cid, block in found:
        assert cid in known, "a block came before all of its parents"
        known.update(links_of(cid, block))


def test_a_cid_of_version_0_and_1_is_one_block() -> None:
    store = MemoryStore()
    leaf = store.put(node([]), Codec.DAG_PB)
    root = store.put(node([leaf, CID(0, Codec.DAG_PB, leaf.digest)]), Codec.DAG_PB)
    assert len(list(walk(store, root))) == 2


def test_a_block_linked_as_raw_and_as_a_node_is_still_looked_into() -> None:
    store = MemoryStore()
    leaf = store.put(b"x", Codec.RAW)
    middle = store.put(node([leaf]), Codec.DAG_PB)
    root = store.put(node([CID(1, Codec.RAW, middle.digest), middle]), Codec.DAG_PB)
    assert leaf in [cid for cid, _ in walk(store, root)]


def test_a_deep_dag_needs_no_recursion() -> None:
    store = MemoryStore()
    cid = store.put(b"x", Codec.RAW)
    deep = sys.getrecursionlimit() * 2
    for _ in range(deep - 1):
        cid = store.put(node([cid]), Codec.DAG_PB)
    assert len(list(walk(store, cid, limits=Limits(depth=deep)))) == deep
    with pytest.raises(ContentRefusedError, match=f"{deep - 1} levels"):
        list(walk(store, cid, limits=Limits(depth=deep - 1)))


def test_more_blocks_or_bytes_than_the_limits() -> None:
    store = MemoryStore()
    leaves = [store.put(bytes([n]) * 100, Codec.RAW) for n in range(10)]
    root = store.put(node(leaves), Codec.DAG_PB)
    assert len(list(walk(store, root, limits=Limits(blocks=11)))) == 11
    with pytest.raises(ContentRefusedError, match="10 blocks"):
        list(walk(store, root, limits=Limits(blocks=10)))
    with pytest.raises(ContentRefusedError, match="999 total_bytes"):
        list(walk(store, root, limits=Limits(total_bytes=999)))


def test_a_cycle_which_only_a_lying_store_can_make_ends() -> None:
    one, two = CID.of(b"one", Codec.DAG_PB), CID.of(b"two", Codec.DAG_PB)
    liar = Liar({one: node([two]), two: node([one])})
    assert [cid for cid, _ in walk(liar, one)] == [one, two]


def test_a_block_that_is_too_large_or_not_there() -> None:
    block = bytes(MAX_BLOCK_BYTES + 1)
    cid = CID.of(block, Codec.RAW)
    with pytest.raises(ContentRefusedError, match=str(MAX_BLOCK_BYTES)):
        list(walk(Liar({cid: block}), cid))
    with pytest.raises(ContentMissingError, match=str(cid)):
        list(walk(MemoryStore(), cid))

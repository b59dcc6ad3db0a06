"""Bytes that nobody wrote: parsers give a meaning or one of our refusals, never anything else."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coopt_dag.errors import (
    ContentMissingError,
    ContentRefusedError,
    IntegrityError,
    UsageError,
)
from coopt_dag.store.car import frame, header, import_car, read_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, Node, decode_node, encode_node
from coopt_dag.store.folders import fetch_path
from coopt_dag.store.hamt import check_shard
from coopt_dag.store.limits import Limits
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.unixfs import Kind, Message, decode_message, encode_message
from coopt_dag.store.walk import walk
from tests.store import seeds

REFUSALS = (ContentRefusedError, IntegrityError, ContentMissingError)
BLOCKS = seeds.blocks()
CAR = seeds.car()
VALID_CAR = list(read_car(io.BytesIO(CAR)))
LIMITS = Limits(depth=8, total_bytes=1 << 20, entries=200, blocks=200, roots=10)

cids = st.builds(
    lambda digest, kind: CID(kind[0], kind[1], digest),
    st.binary(min_size=32, max_size=32),
    st.sampled_from([(0, Codec.DAG_PB), (1, Codec.DAG_PB), (1, Codec.RAW)]),
)
u64 = st.integers(0, 2**64 - 1)
links = st.lists(st.builds(Link, cids, st.binary(max_size=20), u64), max_size=6)
messages = st.builds(
    Message,
    kind=st.sampled_from(Kind),
    data=st.binary(max_size=40),
    file_size=st.none() | u64,
    block_sizes=st.lists(u64, max_size=6).map(tuple),
    hash_type=st.none() | u64,
    fanout=st.none() | u64,
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Valid bytes, changed somewhere: a byte, a cut, a piece put in, taken out or repeated."""
    at = draw(st.integers(0, len(content)))
    to = draw(st.integers(at, min(len(content), at + 60)))
    piece = draw(
        st.binary(max_size=6) | st.just(content[at:to] * 2) | st.sampled_from([b"", content[:at]])
    )
    return content[:at] + piece + content[draw(st.sampled_from([at, to, to + 1])) :]


@given(st.binary(max_size=300) | st.sampled_from(BLOCKS).flatmap(damaged))
@example(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
def test_any_bytes_as_a_node(data: bytes) -> None:
    with contextlib.suppress(ContentRefusedError):
        found = decode_node(data)
        if found.data is not None:
            assert decode_node(encode_node(list(found.links), found.data)) == found


@given(st.binary(max_size=300))
def test_any_bytes_as_a_unixfs_message(data: bytes) -> None:
    with contextlib.suppress(ContentRefusedError):
        found = decode_message(data)
        assert decode_message(encode_message(found)) == found


@given(st.binary(max_size=80) | cids.map(CID.to_bytes).flatmap(damaged))
def test_any_bytes_as_a_cid(data: bytes) -> None:
    with contextlib.suppress(ContentRefusedError):
        assert CID.from_bytes(data).to_bytes() == data


@given(
    st.text(max_size=80)
    | cids.map(lambda cid: str(cid).encode()).flatmap(damaged).map(lambda b: b.decode("latin-1"))
)
def test_any_text_as_a_cid(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert str(CID.parse(text)) == text


@given(messages, links, st.binary(max_size=9))
def test_any_message_as_a_shard(message: Message, entries: list[Link], path: bytes) -> None:
    with contextlib.suppress(ContentRefusedError):
        check_shard(message, tuple(entries), path)
        assert len(entries) == int.from_bytes(message.data, "big").bit_count()


@given(cids)
def test_cids_go_round(cid: CID) -> None:
    assert CID.from_bytes(cid.to_bytes()) == cid == CID.parse(str(cid))


@given(links, st.binary(max_size=40))
def test_nodes_go_round(entries: list[Link], data: bytes) -> None:
    assert decode_node(encode_node(entries, data)) == Node(tuple(entries), data)


@given(messages)
def test_messages_go_round(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(st.lists(cids, max_size=30), st.lists(st.binary(max_size=300), max_size=8))
def test_cars_go_round(roots: list[CID], blocks: list[bytes]) -> None:
    pairs = [(CID.of(block, Codec.RAW), block) for block in blocks]
    found = read_car(io.BytesIO(header(roots) + b"".join(frame(*pair) for pair in pairs)))
    assert found.roots == tuple(roots)
    assert list(found) == pairs


@given(st.binary(max_size=400) | damaged(CAR))
def test_any_bytes_as_a_car(data: bytes) -> None:
    given_, store = [], MemoryStore()
    with contextlib.suppress(*REFUSALS):
        for cid, block in read_car(io.BytesIO(data), limits=LIMITS):
            given_.append((cid, block))
            assert CID.of(block, cid.codec).digest == cid.digest
        assert import_car(store, io.BytesIO(data), limits=LIMITS) is not None
        assert all(store.has(cid) for cid, _ in given_)
        return
    assert not any(store.has(cid) for cid, _ in VALID_CAR), "a refused CAR left blocks"


@given(st.sampled_from(BLOCKS).flatmap(damaged))
def test_a_damaged_dag_is_fetched_whole_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    store, _ = seeds.store_of_all()
    root = store.put(data, Codec.DAG_PB)
    here = tmp_path_factory.mktemp("fetch")
    with contextlib.suppress(*REFUSALS):
        assert fetch_path(store, str(root), here / "out", limits=LIMITS, symlinks=True).exists()
        assert [path.name for path in here.iterdir()] == ["out"]
        assert list(walk(store, root, limits=LIMITS))
        return
    assert [path.name for path in here.iterdir()] in ([], ["out"])


@pytest.mark.slow
def test_guided_fuzzing_finds_nothing_but_refusals(tmp_path: Path) -> None:
    seeds.write_corpus(tmp_path)
    command = [sys.executable, "-m", "tests.store.fuzz_parsers", "-max_total_time=8"]
    command += ["-runs=200000", "-max_len=4096", "-timeout=5", "-rss_limit_mb=1024"]
    command += [f"-artifact_prefix={tmp_path}/found-", str(tmp_path)]
    # By a shell, which forks: what Popen starts inherits the peak memory of pytest's own process,
    # and libFuzzer would take that for the parser's.
    shell = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done" in done.stderr
    assert not list(tmp_path.glob("found-*"))

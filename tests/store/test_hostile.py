"""DAGs made to hurt: each is refused by the limit that is there for it, and writes nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from coopt_dag.errors import ContentRefusedError, IntegrityError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.folders import fetch_path
from coopt_dag.store.hamt import name_hash
from coopt_dag.store.limits import Limits
from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protocol import MAX_BLOCK_BYTES, Put, Store
from coopt_dag.store.unixfs import Kind, Message, encode_message


class Liar:
    """A store that answers with whatever it was told to: what a verified one cannot do."""

    def __init__(self, answers: dict[CID, bytes]) -> None:
        self.answers = answers

    def put(self, block: bytes, codec: Codec) -> CID:
        raise NotImplementedError

    def get(self, cid: CID) -> bytes:
        return self.answers[cid]

    def has(self, cid: CID) -> bool:
        return cid in self.answers

    def batch(self) -> AbstractContextManager[Put]:
        raise NotImplementedError


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def folder(store: MemoryStore, *entries: tuple[bytes, CID]) -> CID:
    node = encode_node([Link(c, n, 1) for n, c in entries], encode_message(Message(Kind.FOLDER)))
    return store.put(node, Codec.DAG_PB)


def file(store: MemoryStore, parts: list[CID], sizes: list[int], total: int | None = None) -> CID:
    total = sum(sizes) if total is None else total
    message = Message(Kind.FILE, file_size=total, block_sizes=tuple(sizes))
    node = encode_node([Link(part, b"", 1) for part in parts], encode_message(message))
    return store.put(node, Codec.DAG_PB)


def shard(store: MemoryStore, slots: dict[int, tuple[bytes, CID]], **other: int) -> CID:
    bits = sum(1 << slot for slot in slots).to_bytes(32, "big").lstrip(b"\0")
    message = Message(Kind.SHARD, bits, **{"hash_type": 0x22, "fanout": 256, **other})
    links = [Link(c, b"%02X" % slot + name, 1) for slot, (name, c) in sorted(slots.items())]
    return store.put(encode_node(links, encode_message(message)), Codec.DAG_PB)


def refused(
    store: Store, cid: CID, tmp_path: Path, why: str, *, limits: Limits | None = None
) -> None:
    with pytest.raises(ContentRefusedError, match=why) as caught:
        fetch_path(store, str(cid), tmp_path / "out", limits=limits or Limits())
    assert caught.value.hint
    assert not list(tmp_path.iterdir()), "something was left behind"


@pytest.mark.parametrize(
    "name",
    [b"", b".", b"..", b"/", b"a/b", b"../a", b"/etc/passwd", b"a\0b", b"\xff", b"n" * 256],
)
@pytest.mark.parametrize("sharded", [False, True])
def test_a_name_that_is_no_plain_file_name(
    store: MemoryStore, tmp_path: Path, name: bytes, sharded: bool
) -> None:
    x = store.put(b"x", Codec.RAW)
    if not sharded:
        refused(store, folder(store, (name, x)), tmp_path, "no plain file name")
    elif name:  # without one it is a link to a shard
        root = shard(store, {name_hash(name)[0]: (name, x)})
        refused(store, root, tmp_path, "no plain file name")


def test_the_same_name_twice(store: MemoryStore, tmp_path: Path) -> None:
    x, y = store.put(b"x", Codec.RAW), store.put(b"y", Codec.RAW)
    refused(store, folder(store, (b"a", x), (b"a", y)), tmp_path, "there twice")


def test_folders_below_folders_without_end(store: MemoryStore, tmp_path: Path) -> None:
    cid = folder(store)
    for _ in range(200):
        cid = folder(store, (b"a", cid))
    refused(store, cid, tmp_path, "128 levels")


def test_a_file_deeper_than_the_limit(store: MemoryStore, tmp_path: Path) -> None:
    cid = store.put(b"x", Codec.RAW)
    for _ in range(4):
        cid = file(store, [cid], [1])
    refused(store, cid, tmp_path, "4 levels", limits=Limits(depth=4))
    fetch_path(store, str(cid), tmp_path / "out", limits=Limits(depth=5))


def test_a_file_that_unfolds_to_terabytes(store: MemoryStore, tmp_path: Path) -> None:
    # 1 KiB, repeated 1024 times at each of three levels, is 1 TiB in four blocks
    cid, size = store.put(bytes(1024), Codec.RAW), 1024
    for _ in range(3):
        cid, size = file(store, [cid] * 1024, [size] * 1024), size * 1024
    refused(store, cid, tmp_path, "total_bytes", limits=Limits(total_bytes=1 << 20))


def test_a_folder_that_unfolds_to_millions_of_entries(store: MemoryStore, tmp_path: Path) -> None:
    cid = folder(store)
    for _ in range(6):  # 10 + 10^2 + ... + 10^6 entries in seven blocks
        cid = folder(store, *((b"%d" % n, cid) for n in range(10)))
    refused(store, cid, tmp_path, "1000 entries", limits=Limits(entries=1000))


def test_more_blocks_than_the_limit(store: MemoryStore, tmp_path: Path) -> None:
    x = store.put(b"x", Codec.RAW)
    cid = file(store, [x] * 10, [1] * 10)
    refused(store, cid, tmp_path, "10 blocks", limits=Limits(blocks=10))
    fetch_path(store, str(cid), tmp_path / "out", limits=Limits(blocks=11))


def test_parts_of_no_size_that_cost_time(store: MemoryStore, tmp_path: Path) -> None:
    nothing = store.put(b"", Codec.RAW)
    refused(store, file(store, [nothing] * 1024, [0] * 1024), tmp_path, "is empty")


@pytest.mark.parametrize(
    ("sizes", "total", "why"),
    [([1, 1], 3, "sum to 2"), ([1], 1, "2 parts and 1 sizes"), ([1, 2], 3, "its parent says 2")],
)
def test_sizes_that_do_not_agree(
    store: MemoryStore, tmp_path: Path, sizes: list[int], total: int, why: str
) -> None:
    x = store.put(b"x", Codec.RAW)
    refused(store, file(store, [x, x], sizes, total), tmp_path, why)


def test_a_folder_inside_a_file(store: MemoryStore, tmp_path: Path) -> None:
    inside = folder(store)
    message = encode_message(Message(Kind.FILE, file_size=1, block_sizes=(1,)))
    cid = store.put(encode_node([Link(inside, b"", 1)], message), Codec.DAG_PB)
    refused(store, cid, tmp_path, "malformed")


def test_a_symlink(store: MemoryStore, tmp_path: Path) -> None:
    link = encode_node([], encode_message(Message(Kind.SYMLINK, b"/etc/passwd")))
    refused(store, folder(store, (b"a", store.put(link, Codec.DAG_PB))), tmp_path, "a symlink")


def test_a_block_that_says_nothing(store: MemoryStore, tmp_path: Path) -> None:
    refused(store, store.put(b"", Codec.DAG_PB), tmp_path, "without UnixFS data")


def test_a_shard_with_another_hash_or_fanout(store: MemoryStore, tmp_path: Path) -> None:
    x = store.put(b"x", Codec.RAW)
    slots = {name_hash(b"a")[0]: (b"a", x)}
    refused(store, shard(store, slots, fanout=1 << 40), tmp_path, "fanout")
    refused(store, shard(store, slots, hash_type=0x12), tmp_path, "hash")


def test_a_name_in_a_slot_that_is_not_its_own(store: MemoryStore, tmp_path: Path) -> None:
    x = store.put(b"x", Codec.RAW)
    wrong = (name_hash(b"a")[0] + 1) % 256
    refused(store, shard(store, {wrong: (b"a", x)}), tmp_path, "not its own")


def test_a_bitmap_that_does_not_match(store: MemoryStore, tmp_path: Path) -> None:
    x = store.put(b"x", Codec.RAW)
    message = Message(Kind.SHARD, b"\xff" * 32, hash_type=0x22, fanout=256)
    node = encode_node([Link(x, b"00a", 1)], encode_message(message))
    refused(store, store.put(node, Codec.DAG_PB), tmp_path, "bitmap")


def test_shards_below_shards_without_end(store: MemoryStore, tmp_path: Path) -> None:
    cid = shard(store, {})
    for _ in range(20):
        cid = shard(store, {0: (b"", cid)})
    refused(store, cid, tmp_path, "deeper than its hash")


def test_a_plain_folder_in_place_of_a_shard(store: MemoryStore, tmp_path: Path) -> None:
    refused(store, shard(store, {0: (b"", folder(store))}), tmp_path, "no shard")


def test_a_cycle_which_only_a_lying_store_can_make(tmp_path: Path) -> None:
    one, two = CID.of(b"one", Codec.DAG_PB), CID.of(b"two", Codec.DAG_PB)
    message = encode_message(Message(Kind.FOLDER))
    liar = Liar(
        {
            one: encode_node([Link(two, b"a", 1)], message),
            two: encode_node([Link(one, b"a", 1)], message),
        }
    )
    refused(liar, one, tmp_path, "linked below itself")


def test_a_block_that_is_too_large(tmp_path: Path) -> None:
    block = bytes(MAX_BLOCK_BYTES + 1)
    cid = CID.of(block, Codec.RAW)
    refused(Liar({cid: block}), cid, tmp_path, str(MAX_BLOCK_BYTES))


def test_a_block_that_was_replaced_by_another(tmp_path: Path) -> None:
    local = LocalStore(tmp_path / "store")
    with local.batch() as put:
        good, evil = put(b"good", Codec.RAW), put(b"evil", Codec.RAW)
    local.path_of(evil).replace(local.path_of(good))
    with pytest.raises(IntegrityError, match=str(good)):
        fetch_path(local, str(good), tmp_path / "out")
    assert not (tmp_path / "out").exists()

"""A folder that can be changed says and writes the same as one that is made at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.errors import ContentRefusedError, UsageError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.importer import Imported, import_folder
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protocol import Put
from coopt_dag.store.tree import Tree

NAMES = st.sampled_from(["a", "b", "c", "dd"])
PATHS = st.lists(NAMES, min_size=3, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.binary(max_size=3), max_size=12)


def thing(store: MemoryStore, content: bytes) -> Imported:
    return Imported(store.put(content, Codec.RAW), len(content), len(content))


def tree_of(store: MemoryStore, files: dict[str, bytes]) -> CID:
    tree = Tree(store)
    for path, content in files.items():
        tree.set(path, thing(store, content))
    with store.batch() as put:
        return tree.save(put).cid


def at_once(store: MemoryStore, files: dict[str, bytes], put: Put) -> Imported:
    """The slow, obvious way: group by first name, import from below."""
    groups: dict[str, dict[str, bytes]] = {}
    entries: dict[bytes, Imported] = {}
    for path, content in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            groups.setdefault(name, {})[rest] = content
        else:
            entries[name.encode()] = thing(store, content)
    for name, below in groups.items():
        entries[name.encode()] = at_once(store, below, put)
    return import_folder(entries, put)


def files_of(store: MemoryStore, cid: CID) -> dict[str, bytes]:
    tree = Tree(store, [cid])
    found = {path: tree.get(path) for path in tree.files()}
    return {path: store.get(x.cid) for path, x in found.items() if x is not None}


@given(files=FILES)
def test_a_tree_has_the_cid_of_the_same_folder_imported_at_once(files: dict[str, bytes]) -> None:
    store = MemoryStore()
    assert tree_of(store, files) == at_once(store, files, store.put).cid


@given(files=FILES)
def test_what_was_saved_is_read_again(files: dict[str, bytes]) -> None:
    store = MemoryStore()
    assert files_of(store, tree_of(store, files)) == files


@given(before=FILES, more=FILES, gone=st.sets(PATHS))
def test_changes_give_what_the_changed_files_would(
    before: dict[str, bytes], more: dict[str, bytes], gone: set[str]
) -> None:
    store = MemoryStore()
    tree = Tree(store, [tree_of(store, before)])
    for path, content in more.items():
        tree.set(path, thing(store, content))
    model = before | more
    for path in sorted(gone):
        assert tree.remove(path) == (path in model)
        model.pop(path, None)
    with store.batch() as put:
        assert tree.save(put).cid == tree_of(store, model)


@given(one=FILES, two=FILES, three=FILES)
def test_merging_keeps_every_path_and_does_not_depend_on_order(
    one: dict[str, bytes], two: dict[str, bytes], three: dict[str, bytes]
) -> None:
    store = MemoryStore()
    roots = [tree_of(store, files) for files in (one, two, three)]

    def merged(*cids: CID) -> CID:
        with store.batch() as put:
            return Tree(store, cids).save(put).cid

    whole = merged(*roots)
    assert set(files_of(store, whole)) == {*one, *two, *three}
    assert whole == merged(*reversed(roots))
    assert whole == merged(merged(roots[0], roots[1]), roots[2])
    assert whole == merged(roots[0], merged(roots[1], roots[2]))


def test_only_folders_that_changed_are_written_again() -> None:
    store = MemoryStore()
    root = tree_of(store, {f"d{n}/x": b"1" for n in range(50)})
    tree, written = Tree(store, [root]), []
    tree.set("d7/y", thing(store, b"2"))

    def put(block: bytes, codec: Codec) -> CID:
        written.append(block)
        return store.put(block, codec)

    tree.save(put)
    assert len(written) == 2  # d7 and the root


def test_sizes_of_folders_are_those_of_all_blocks_below() -> None:
    store = MemoryStore()
    files = {"a/x": b"12", "a/y": b"345", "b": b"6"}
    tree = Tree(store, [tree_of(store, {"a/x": b"12"})])
    for path in ("a/y", "b"):
        tree.set(path, thing(store, files[path]))
    with store.batch() as put:
        assert tree.save(put).tsize == at_once(store, files, put).tsize


def test_a_path_through_a_file_is_refused() -> None:
    store = MemoryStore()
    tree = Tree(store, [tree_of(store, {"a/b/c": b""})])
    with pytest.raises(UsageError, match="which is a file"):
        tree.set("a/b/c/d", thing(store, b""))


def test_a_file_in_the_place_of_a_folder_is_refused_for_the_folder_would_be_lost() -> None:
    store = MemoryStore()
    tree = Tree(store, [tree_of(store, {"a/b/c": b""})])
    with pytest.raises(UsageError, match="would be lost"):
        tree.set("a/b", thing(store, b""))


@pytest.mark.parametrize("path", ["/a", "a//b", "a/", "..", "a/../b", "."])
def test_a_path_that_is_not_plain_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="no path below a folder"):
        Tree(MemoryStore()).set(path, thing(MemoryStore(), b""))


def test_a_file_is_no_root() -> None:
    store = MemoryStore()
    with pytest.raises(ContentRefusedError, match="a file where a folder"):
        Tree(store, [store.put(b"hits", Codec.RAW)])


def test_a_folder_of_ten_thousand_files_is_sharded_changed_and_read_again() -> None:
    store = MemoryStore()
    files = {f"{n:040d}": bytes([n % 256]) for n in range(10_000)}
    root = tree_of(store, files)
    tree = Tree(store, [root])
    tree.remove(f"{77:040d}")
    tree.set("new", thing(store, b"new"))
    with store.batch() as put:
        changed = tree.save(put).cid
    expected = {k: v for k, v in files.items() if int(k) != 77} | {"new": b"new"}
    assert files_of(store, changed) == expected

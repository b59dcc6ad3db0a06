"""Files and folders go in and come out the same; what has no CID is refused."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopt_dag.errors import ContentRefusedError, UsageError
from coopt_dag.store.adding import SOLUTION_IGNORE
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.folders import add_bytes, add_path, cid_of, fetch_path
from coopt_dag.store.importer import Imported, import_file, import_folder
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.profile import Profile
from coopt_dag.store.protocol import Store
from coopt_dag.store.reader import Reader
from coopt_dag.store.unixfs import Kind, Message, encode_message
from tests.store import vectors as v

Tree: TypeAlias = "bytes | dict[str, Tree]"

names = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20
).filter(lambda n: n not in (".", ".."))
folders = st.recursive(
    st.dictionaries(names, st.binary(max_size=50), max_size=4),
    lambda inner: st.dictionaries(names, st.binary(max_size=50) | inner, max_size=4),
    max_leaves=12,
)


def write(tree: Tree, path: Path) -> Path:
    if isinstance(tree, bytes):
        path.write_bytes(tree)
    else:
        path.mkdir()
        for name, below in tree.items():
            write(below, path / name)
    return path


def read(path: Path) -> Tree:
    if path.is_file():
        return path.read_bytes()
    return {child.name: read(child) for child in path.iterdir()}


@given(folders)
@settings(max_examples=60, deadline=None)
def test_any_folder_comes_back_as_it_went_in(tree: dict[str, Tree]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        store = MemoryStore()
        cid = add_path(store, write(tree, here / "in"))
        assert read(fetch_path(store, cid, here / "out")) == tree
        assert cid == cid_of(here / "in") == cid_of(here / "out")


@given(folders, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_creation_modes_and_times_do_not_matter(tree, random) -> None:
    def shuffled(part: Tree) -> Tree:
        if isinstance(part, bytes):
            return part
        return dict(random.sample([(n, shuffled(b)) for n, b in part.items()], len(part)))

    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        one, two = write(tree, here / "one"), write(shuffled(tree), here / "two")
        for path in [two, *two.rglob("*")]:
            path.chmod(0o700)
            os.utime(path, (0, 0))
        assert cid_of(one) == cid_of(two)


@given(
    size=st.integers(0, 400),
    chunk=st.integers(1, 9),
    width=st.integers(2, 5),
    pause=st.integers(1, 20),
)
@settings(max_examples=150, deadline=None)
def test_a_file_of_any_shape_comes_back(size: int, chunk: int, width: int, pause: int) -> None:
    content = bytes(n % 251 for n in range(size))
    store, profile = MemoryStore(), Profile("small", chunk, width, 100)

    class Pipe(io.BytesIO):
        def read(self, n: int | None = -1, /) -> bytes:
            return super().read(min(n or 0, pause))

    whole = import_file(io.BytesIO(content), store.put, profile=profile)
    assert whole == import_file(Pipe(content), CID.of, profile=profile)
    assert (whole.size, balanced(content, chunk, width)) == (size, whole.cid)
    reader = Reader(store)
    assert b"".join(reader.content(reader.open(whole.cid))) == content


def balanced(content: bytes, chunk: int, width: int) -> CID:
    """The balanced layout level by level, all in memory: slower and plainer than the importer."""
    nodes = [
        import_file(io.BytesIO(content[at : at + chunk]), CID.of)
        for at in range(0, max(len(content), 1), chunk)
    ]
    while len(nodes) > 1:
        nodes = [_parent(nodes[at : at + width]) for at in range(0, len(nodes), width)]
    return nodes[0].cid


def _parent(parts: list[Imported]) -> Imported:
    sizes = tuple(part.size for part in parts)
    message = encode_message(Message(Kind.FILE, file_size=sum(sizes), block_sizes=sizes))
    block = encode_node([Link(p.cid, b"", p.tsize) for p in parts], message)
    tsize = len(block) + sum(p.tsize for p in parts)
    return Imported(CID.of(block, Codec.DAG_PB), tsize, sum(sizes))


@pytest.mark.slow
def test_a_sharded_folder_comes_back(store: Store, tmp_path: Path) -> None:
    entries = {name.decode(): b"x" for name in v.names(4766, 11, 22, v.HAMT_SEED)}
    folder = write(entries, tmp_path / "in")
    assert add_path(store, folder) == v.SMALLEST_HAMT
    assert read(fetch_path(store, v.SMALLEST_HAMT, tmp_path / "out")) == entries


@given(st.sets(st.binary(min_size=1, max_size=6), max_size=600))
@settings(max_examples=20, deadline=None)
def test_shards_of_any_depth_hold_every_name(raw: set[bytes]) -> None:
    store = MemoryStore()
    one = import_file(io.BytesIO(b"x"), store.put)
    entries = {name.hex().encode(): one for name in raw}
    whole = import_folder(entries, store.put, profile=Profile("small", 100, 2, 0))
    reader = Reader(store)
    found = dict(reader.entries(reader.open(whole.cid)))
    assert found == {name.decode(): one.cid for name in entries}


def test_hidden_files_and_empty_folders_are_part_of_it(store: Store, tmp_path: Path) -> None:
    tree: Tree = {".hidden": b"1", ".git": {"x": b""}, "empty": {}}
    cid = add_path(store, write(tree, tmp_path / "in"))
    assert read(fetch_path(store, cid, tmp_path / "out")) == tree


def test_what_python_leaves_behind_is_ignored_when_asked(tmp_path: Path) -> None:
    clean = write({"run.py": b"1"}, tmp_path / "clean")
    run: Tree = {"run.py": b"1", "old.pyc": b"", "__pycache__": {"a": b""}}
    used = write(run, tmp_path / "used")
    assert cid_of(used, ignore=SOLUTION_IGNORE) == cid_of(clean) != cid_of(used)


def test_bytes_and_a_file_with_them_have_one_cid(store: Store, tmp_path: Path) -> None:
    assert add_bytes(store, b"hits") == cid_of(write(b"hits", tmp_path / "hits"))


def test_fetching_again_does_nothing(store: Store, tmp_path: Path) -> None:
    cid = add_path(store, write({"a": b"1"}, tmp_path / "in"))
    before = (fetch_path(store, cid, tmp_path / "out") / "a").stat()
    after = (fetch_path(store, cid, tmp_path / "out") / "a").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    write({}, tmp_path / "out" / "__pycache__")
    fetch_path(store, cid, tmp_path / "out", ignore=SOLUTION_IGNORE)


@pytest.mark.parametrize("other", [b"mine", {"a": b"mine"}, {}])
def test_other_content_is_never_overwritten(store: Store, tmp_path: Path, other: Tree) -> None:
    for content in ({"a": b"1"}, b"1"):
        cid = add_path(store, write(content, tmp_path / f"in{len(content)}{type(content)}"))
        target = tmp_path / f"out{type(content)}"
        write(other, target)
        with pytest.raises(UsageError, match="left as it is") as caught:
            fetch_path(store, cid, target)
        assert caught.value.path == str(target)
        assert read(target) == other


def test_a_dangling_symlink_at_the_target_is_not_followed(store: Store, tmp_path: Path) -> None:
    cid = add_bytes(store, b"1")
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="symlink"):
        fetch_path(store, cid, tmp_path / "out")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("content", [b"1", {"a": b"1"}])
@pytest.mark.parametrize("rival", [b"mine", {"a": b"mine"}, b"1", {"a": b"1"}])
def test_what_appears_at_the_target_during_a_fetch_is_kept(
    tmp_path: Path, content: Tree, rival: Tree
) -> None:
    target = tmp_path / "out"

    class Slow(MemoryStore):
        def get(self, cid: CID) -> bytes:
            if not target.exists():
                write(rival, target)
            return super().get(cid)

    store = Slow()
    cid = add_path(store, write(content, tmp_path / "in"))
    if rival == content:
        fetch_path(store, cid, target)
    else:
        with pytest.raises(UsageError, match="left as it is"):
            fetch_path(store, cid, target)
    assert read(target) == rival
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_fetched_folders_are_as_readable_as_any_new_one(store: Store, tmp_path: Path) -> None:
    cid = add_path(store, write({"a": b"1"}, tmp_path / "in"))
    (tmp_path / "new").mkdir()
    mode = fetch_path(store, cid, tmp_path / "out").stat().st_mode
    assert mode == (tmp_path / "new").stat().st_mode


def refused(path: Path, named: Path, why: str) -> None:
    store = MemoryStore()
    with pytest.raises(ContentRefusedError, match=why) as caught:
        add_path(store, path)
    assert caught.value.path == str(named)
    assert caught.value.hint


def test_a_symlink_is_refused_by_its_path(tmp_path: Path) -> None:
    folder = write({"below": {}}, tmp_path / "in")
    link = folder / "below" / "link"
    link.symlink_to("/etc/passwd")
    refused(folder, link, "symlink")
    refused(link, link, "symlink")


def test_pipes_and_sockets_are_refused_by_their_path(tmp_path: Path) -> None:
    os.mkfifo(write({}, tmp_path / "one") / "pipe")
    refused(tmp_path / "one", tmp_path / "one" / "pipe", "pipe")
    path = write({}, tmp_path / "two") / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        refused(tmp_path / "two", path, "socket")


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (write({}, tmp_path / "in") / os.fsdecode(b"\xff")).touch()
    refused(tmp_path / "in", tmp_path / "in", "no plain file name")


def test_folders_deeper_than_readers_accept_are_refused(tmp_path: Path) -> None:
    tree: Tree = {}
    for _ in range(40):
        tree = {"a": tree}
    deepest = write(tree, tmp_path / "in")
    with pytest.raises(ContentRefusedError, match="32 folders"):
        add_path(MemoryStore(), deepest)


def test_what_is_not_there_is_said_to_be_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not there"):
        cid_of(tmp_path / "absent")


def test_small_folders_need_no_third_party_code(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from coopt_dag.store.folders import cid_of\n"
        "cid_of(Path(sys.argv[1])); print(sorted({'mmh3', 'dvc', 'numpy'} & set(sys.modules)))"
    )
    folder = str(write({"a": b"1"}, tmp_path / "in"))
    done = subprocess.run(
        [sys.executable, "-c", script, folder],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"

"""Symlinks are kept as text when asked for, never followed, and never lead out when made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from coopt_dag.errors import ContentRefusedError, UsageError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, encode_node
from coopt_dag.store.folders import add_path, cid_of, fetch_path
from coopt_dag.store.importer import import_symlink
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.profile import UNIXFS_V0_2015
from coopt_dag.store.unixfs import Kind, Message, encode_message
from tests.store import vectors as v


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    (folder / "runs" / "2").mkdir(parents=True)
    (folder / "runs" / "2" / "hits.csv").write_text("1\n")
    (folder / "latest").symlink_to("runs/2")
    (folder / "runs" / "hits").symlink_to("../latest/hits.csv")
    (folder / "dangling").symlink_to("not/there/yet")
    return folder


def folder(store: MemoryStore, *entries: tuple[bytes, CID]) -> CID:
    node = encode_node([Link(c, n, 1) for n, c in entries], encode_message(Message(Kind.FOLDER)))
    return store.put(node, Codec.DAG_PB)


def symlink(store: MemoryStore, target: bytes) -> CID:
    return import_symlink(target, store.put).cid


def refused(store: MemoryStore, cid: CID, tmp_path: Path, why: str) -> None:
    with pytest.raises(ContentRefusedError, match=why) as caught:
        fetch_path(store, str(cid), tmp_path / "out", symlinks=True)
    assert caught.value.hint
    assert not list(tmp_path.iterdir()), "something was left behind"


def test_a_folder_with_a_symlink_has_the_cid_that_kubo_gave_it(tmp_path: Path) -> None:
    (tmp_path / "foo").write_text("content\n")
    (tmp_path / "bar").symlink_to("foo")
    assert cid_of(tmp_path, profile=UNIXFS_V0_2015, symlinks=True) == v.V0_WITH_SYMLINK


def test_symlinks_come_back_as_they_were(store: MemoryStore, sample: Path, tmp_path: Path) -> None:
    cid = add_path(store, sample, symlinks=True)
    out = fetch_path(store, cid, tmp_path / "out", symlinks=True)
    assert (out / "latest").readlink() == Path("runs/2")
    assert (out / "runs" / "hits").readlink() == Path("../latest/hits.csv")
    assert (out / "dangling").readlink() == Path("not/there/yet")
    assert (out / "runs" / "hits").read_text() == "1\n"
    assert cid_of(out, symlinks=True) == cid
    assert fetch_path(store, cid, out, symlinks=True) == out


def test_unless_asked_for_they_are_refused_both_ways(
    store: MemoryStore, sample: Path, tmp_path: Path
) -> None:
    with pytest.raises(ContentRefusedError, match="is a symlink"):
        add_path(store, sample)
    cid = add_path(store, sample, symlinks=True)
    with pytest.raises(ContentRefusedError, match="a symlink is neither"):
        fetch_path(store, cid, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="is there already"):
        fetch_path(store, cid, sample)


def test_a_link_out_of_the_folder_is_kept_as_text_and_not_followed(
    store: MemoryStore, tmp_path: Path
) -> None:
    secret, inside = tmp_path / "secret", tmp_path / "in"
    secret.write_text("secret")
    inside.mkdir()
    (inside / "a").symlink_to(secret)
    add_path(store, inside, symlinks=True)
    assert not store.has(CID.of(b"secret", Codec.RAW))


@pytest.mark.parametrize("target", [b"/etc/passwd", b"/", b"//x"])
def test_an_absolute_target(store: MemoryStore, tmp_path: Path, target: bytes) -> None:
    refused(store, folder(store, (b"a", symlink(store, target))), tmp_path, "is absolute")


@pytest.mark.parametrize(
    "target", [b"..", b"../x", b"x/../../y", b"./../x", b"x//..//../y", b"b/c/../../../d"]
)
def test_a_target_above_the_folder(store: MemoryStore, tmp_path: Path, target: bytes) -> None:
    refused(store, folder(store, (b"a", symlink(store, target))), tmp_path, "leaves the folder")


def test_a_target_above_the_folder_by_way_of_another_link(
    store: MemoryStore, tmp_path: Path
) -> None:
    # by its text alone, d/up/../x lies in d; but d/up is the root, above which .. leads
    up = symlink(store, b"..")
    root = folder(store, (b"a", symlink(store, b"d/up/../x")), (b"d", folder(store, (b"up", up))))
    refused(store, root, tmp_path, "'a' .* leaves the folder")


def test_links_in_circles(store: MemoryStore, tmp_path: Path) -> None:
    one = folder(store, (b"a", symlink(store, b"b")), (b"b", symlink(store, b"a")))
    refused(store, one, tmp_path, "in circles")
    refused(store, folder(store, (b"a", symlink(store, b"a/a"))), tmp_path, "in circles")


@pytest.mark.parametrize("target", [b"", b"a\0b", b"\xff", b"x" * 4096])
def test_a_target_that_is_no_path(store: MemoryStore, tmp_path: Path, target: bytes) -> None:
    refused(store, folder(store, (b"a", symlink(store, target))), tmp_path, "is no path")


def test_a_symlink_that_is_no_entry_of_a_folder(store: MemoryStore, tmp_path: Path) -> None:
    link = symlink(store, b"x")
    refused(store, link, tmp_path, "no folder to stay in")
    part = encode_message(Message(Kind.FILE, file_size=1, block_sizes=(1,)))
    file = store.put(encode_node([Link(link, b"", 1)], part), Codec.DAG_PB)
    refused(store, file, tmp_path, "malformed")


@pytest.mark.parametrize("link_first", [True, False])
def test_a_file_written_through_a_symlink(
    store: MemoryStore, tmp_path: Path, link_first: bool
) -> None:
    # a link and a folder of one name: would the file land where the link leads?
    inner = folder(store, (b"victim", store.put(b"evil", Codec.RAW)))
    entries = [(b"a", symlink(store, b"b")), (b"a", inner)]
    root = folder(store, *(entries if link_first else entries[::-1]), (b"b", folder(store)))
    refused(store, root, tmp_path, "there twice")


def test_links_that_would_take_minutes_to_follow(store: MemoryStore, tmp_path: Path) -> None:
    # each of 39 links says "./" 2000 times before the next one; 100 names begin that chain
    chain = [(b"c%02d" % n, symlink(store, b"./" * 2000 + b"c%02d" % (n + 1))) for n in range(38)]
    start = symlink(store, b"./" * 2000 + b"c00")
    root = folder(store, *chain, *((b"s%02d" % n, start) for n in range(100)))
    refused(store, root, tmp_path, "steps")

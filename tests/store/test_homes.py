"""Pins and named roots: the kit for stores that have both."""

from __future__ import annotations

from pathlib import Path

import pytest

from coopt_dag.errors import ContentMissingError, IntegrityError, UsageError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.folders import add_path
from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protocol import Home

HOMES = {"memory": lambda _: MemoryStore(), "local": lambda folder: LocalStore(folder / "store")}
NONE: frozenset[CID] = frozenset()


@pytest.fixture(params=sorted(HOMES))
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    made: Home = HOMES[request.param](tmp_path)
    return made


def block(home: Home, text: str = "hits") -> CID:
    return home.put(text.encode(), Codec.RAW)


def test_what_is_pinned_is_listed_once_and_by_version_1(home: Home) -> None:
    folder = home.put(bytes.fromhex("0a020801"), Codec.DAG_PB)
    home.pin(CID(0, Codec.DAG_PB, folder.digest))
    home.pin(folder)
    assert home.pins() == {folder}


def test_unpinning_takes_the_pin_away_and_twice_is_no_trouble(home: Home) -> None:
    cid = block(home)
    home.pin(cid)
    home.unpin(cid)
    home.unpin(cid)
    assert home.pins() == NONE


def test_what_is_not_whole_cannot_be_pinned(home: Home, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("hits")
    whole = MemoryStore()
    cid = CID.parse(add_path(whole, tmp_path / "in"))
    home.put(whole.get(cid), cid.codec)  # the folder without the file in it
    with pytest.raises(ContentMissingError, match=str(CID.of(b"hits", Codec.RAW))):
        home.pin(cid)
    assert home.pins() == NONE


def test_a_name_has_no_head_until_it_is_moved(home: Home) -> None:
    assert home.heads("artifacts") == NONE
    cid = block(home)
    assert home.move("artifacts", NONE, cid)
    assert home.heads("artifacts") == {cid}
    assert home.heads("others") == NONE


def test_who_did_not_see_the_present_head_moves_nothing(home: Home) -> None:
    one, two = block(home, "1"), block(home, "2")
    assert home.move("artifacts", NONE, one)
    assert not home.move("artifacts", NONE, two)
    assert not home.move("artifacts", frozenset((two,)), None)
    assert home.heads("artifacts") == {one}


def test_a_name_can_be_given_up(home: Home) -> None:
    cid = block(home)
    home.move("artifacts", NONE, cid)
    assert home.move("artifacts", frozenset((cid,)), None)
    assert home.heads("artifacts") == NONE


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden", "-x", "a" * 129, "a b", "a\n"])
def test_a_name_that_is_no_plain_word_is_refused(home: Home, name: str) -> None:
    with pytest.raises(UsageError, match="no name of a root"):
        home.heads(name)
    with pytest.raises(UsageError, match="no name of a root"):
        home.move(name, NONE, None)


def test_pins_and_heads_outlive_the_process(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    cid = block(store)
    store.pin(cid)
    store.move("artifacts", NONE, cid)
    again = LocalStore(tmp_path)
    assert (again.pins(), again.heads("artifacts"), again.names()) == ({cid}, {cid}, ["artifacts"])


@pytest.mark.parametrize("text", ["", "bafy", "\0\0", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67h"])
def test_a_head_that_was_cut_short_is_named_not_taken_for_an_empty_one(
    tmp_path: Path, text: str
) -> None:
    store = LocalStore(tmp_path)
    store.move("artifacts", NONE, block(store))
    (tmp_path / "roots" / "artifacts").write_text(text)
    with pytest.raises(IntegrityError, match="holds no CID") as caught:
        store.heads("artifacts")
    assert caught.value.path == str(tmp_path / "roots" / "artifacts")
    assert caught.value.hint


def test_something_else_among_the_pins_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.pin(block(store))
    (tmp_path / "pins" / "notes.txt").touch()
    with pytest.raises(IntegrityError, match=r"notes\.txt"):
        store.pins()

"""Every kind of event, from the real contracts, forwards through the index and back again."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopt_dag.ledger.entries import ReviewEntry
from coopt_dag.ledger.index.layout import layouts
from coopt_dag.ledger.index.schema import IndexFile
from coopt_dag.ledger.index.stored import StoredState
from coopt_dag.ledger.state import LedgerState

from .forking import ForkingChain, content, folded, kept_state, opened
from .story import on_file


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> ForkingChain:
    """Give a chain on which claims, quorums, disputes, a settlement and its payment happened."""
    path = tmp_path_factory.mktemp("story") / "ledger.sqlite"
    story = on_file(path)
    story.tell()
    story.ledger.close()
    return ForkingChain.from_file(path)


def test_a_whole_story_is_in_the_index_as_it_is_in_memory(told: ForkingChain, tmp_path: Path):
    with closing(opened(tmp_path / "i.sqlite")) as index:
        index.refresh(told)
        state = kept_state(index)
        assert state == folded(index)
        kinds = {type(event).__name__ for event in index.events()}
    # what a long history of `benchmarks` does not have
    assert {"SpreadFound", "SettlementProposed", "Redeemed", "Funded"} & kinds
    assert state.settlements
    assert state.bounties
    assert state.credit


@pytest.mark.slow
@pytest.mark.parametrize("depth", [0, 1000])
def test_from_the_end_back_to_every_block_and_forward_again(
    told: ForkingChain, tmp_path: Path, depth: int
):
    with closing(opened(tmp_path / "i.sqlite", depth=depth)) as index:
        for block in range(told.head(), -1, -6):
            index.refresh(told)
            index.refresh(told.until(block))
            with (
                tempfile.TemporaryDirectory() as folder,
                closing(opened(Path(folder) / "i.sqlite")) as fresh,
            ):
                fresh.refresh(told.until(block))
                assert content(index) == content(fresh)


class Twin:
    """A state in a file and one in memory, to which the same is done."""

    def __init__(self, path: Path) -> None:
        self.file = IndexFile(path, subject=["test"])
        self.stored = StoredState(self.file)
        self.plain = LedgerState()

    def do(self, name: str, key: int, value: int) -> None:
        for state in (self.stored.state, self.plain):
            _change(state, name, key, value)

    def flush(self) -> None:
        with self.file.write():
            self.stored.flush()

    def in_file(self) -> dict[str, Any]:
        db: sqlite3.Connection = self.file.db
        found: dict[str, Any] = {}
        for layout in layouts(LedgerState):
            rows = db.execute(f"select key, value from state_{layout.name} order by rowid")
            found[layout.name] = [
                (layout.codec.unpack_key(k), layout.codec.unpack(v)) for k, v in rows
            ]
        return found


def _change(state: LedgerState, name: str, key: int, value: int) -> None:
    where = f"0x{key}"
    if name == "set":
        state.claims["toy", "fit", where] = value
    elif name == "pop":
        state.claims.pop(("toy", "fit", where), None)
    elif name == "append":
        state.anchors.setdefault(where, [])
        state.records.setdefault(where, []).append(value)
    elif name == "replace" and state.records.get(where):
        state.records[where][-1] = value
    elif name == "remove" and value in state.records.get(where, []):
        state.records[where].remove(value)
    elif name == "count":
        assert len(state.claims) == len(list(state.claims))


moves = st.lists(
    st.tuples(
        st.sampled_from(["set", "pop", "append", "replace", "remove", "count", "flush"]),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(moves=moves)
def test_a_stored_mapping_is_a_mapping_and_goes_back_to_any_block(
    moves: list[tuple[str, int, int]],
):
    with tempfile.TemporaryDirectory() as folder:
        twin, history = Twin(Path(folder) / "i.sqlite"), []
        block = 0
        twin.stored.keep_under(block)
        for name, key, value in moves:
            twin.do(name, key, value)
            if name == "flush":
                twin.flush()
                history.append((block, twin.in_file()))
                block += 1
                twin.stored.keep_under(block)
        twin.flush()
        assert list(twin.stored.state.claims.items()) == list(twin.plain.claims.items())
        lists = {k: list(v) for k, v in twin.stored.state.records.items()}
        assert lists == {k: v for k, v in twin.plain.records.items() if v}
        for block, wanted in reversed(history):
            with twin.file.write():
                twin.stored.undo(to_block=block)
            assert twin.in_file() == wanted
        twin.file.close()


def test_a_stored_list_is_a_list(tmp_path: Path):
    twin = Twin(tmp_path / "i.sqlite")
    reviews = twin.stored.state.seals
    assert reviews.get("toy") is None
    assert "toy" not in reviews
    anchors = twin.stored.state.records
    anchors["toy"] = [5, 6, 7, 8]
    found = anchors["toy"]
    assert (found[0], found[-1], found[1:3], len(found), 7 in found) == (5, 8, [6, 7], 4, True)
    with pytest.raises(IndexError):
        found[4]
    with pytest.raises(IndexError):
        found.insert(0, 1)
    del found[1]
    assert list(found) == [5, 7, 8]
    assert list(reversed(found)) == [8, 7, 5]
    assert list(anchors) == ["toy"]
    assert len(anchors) == 1
    del anchors["toy"]
    assert "toy" not in anchors
    with pytest.raises(KeyError):
        del twin.stored.state.heads["toy", "fit"]
    twin.file.close()


def test_entries_are_read_back_as_they_were():
    codecs = {layout.name: layout.codec for layout in layouts(LedgerState)}
    review = ReviewEntry("0x1", "concern", "bafy", 7)
    codec = codecs["reviews"]
    assert codec.unpack(codec.pack(review)) == review
    assert codec.unpack_key(codec.pack_key((12, 3))) == (12, 3)
    used = codecs["used"]
    assert used.unpack_key(used.pack_key(("toy", "fit", "0x1", 4))) == ("toy", "fit", "0x1", 4)

"""The event index says what the chain says now, whatever the chain said before."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import long_history
from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.chainfile import ADDRESSES
from coopt_dag.ledger.index.book import Index, index_path
from coopt_dag.ledger.index.source import FileSource, Span
from coopt_dag.report import indexed
from coopt_dag.report.board import board, profile

from .forking import ForkingChain, content, folded, kept_state, opened

SETUP = long_history.CHALLENGES * (1 + long_history.STEPS)

branches = st.lists(
    st.tuples(st.integers(1, 30), st.integers(2, 9)), max_size=3, unique_by=lambda b: b[0]
).map(lambda found: ((0, 1), *sorted(found)))
ways = st.tuples(st.integers(0, 250), branches)


def chains_of(seen: list[tuple[int, long_history.Branches]]) -> list[ForkingChain]:
    return [ForkingChain.of(SETUP + events, way) for events, way in seen]


def fresh(chain: ForkingChain) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        index = opened(Path(folder) / "index.sqlite")
        index.refresh(chain)
        found = content(index)
        index.close()
    return found


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=st.lists(ways, min_size=1, max_size=5), depth=st.sampled_from([0, 3, 20, 1000]))
def test_after_any_changes_of_the_chain_the_index_is_the_one_built_anew(
    found: list[tuple[int, long_history.Branches]], depth: int
):
    seen = chains_of(found)
    with tempfile.TemporaryDirectory() as folder:
        index = opened(Path(folder) / "index.sqlite", depth=depth)
        for chain in seen:
            index.refresh(chain)
        assert content(index) == fresh(seen[-1])
        assert kept_state(index) == folded(index)
        index.close()


class Restless:
    """Goes over to the next chain after some calls; in the end it comes to rest."""

    def __init__(self, seen: list[ForkingChain], calls: int) -> None:
        self.seen, self.calls, self.left, self.at = seen, calls, calls, 0

    @property
    def now(self) -> ForkingChain:
        self.left -= 1
        if self.left == 0 and self.at < len(self.seen) - 1:
            self.at, self.left = self.at + 1, self.calls
        return self.seen[self.at]

    def head(self) -> int:
        return self.now.head()

    def hashes(self, numbers: Sequence[int]) -> list[bytes | None]:
        return self.now.hashes(numbers)

    def spans(self, first: int, last: int) -> Iterator[Span]:
        while first <= last:
            span = next(self.now.spans(first, last), None)
            if span is None:
                return
            yield span
            first = span.last + 1


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    found=st.lists(ways, min_size=2, max_size=4), calls=st.integers(1, 12), depth=st.integers(0, 40)
)
def test_a_chain_that_changes_while_it_is_read_leaves_nothing_of_its_past(
    found: list[tuple[int, long_history.Branches]], calls: int, depth: int
):
    seen = chains_of(found)
    with tempfile.TemporaryDirectory() as folder:
        index, source = opened(Path(folder) / "index.sqlite", depth=depth), Restless(seen, calls)
        while source.at < len(seen) - 1:
            index.refresh(source)
        index.refresh(source)
        assert content(index) == fresh(seen[-1])
        index.close()


def test_a_block_that_went_and_came_back_while_logs_were_read_is_found_out(tmp_path: Path):
    right = ForkingChain.of(SETUP + 60, ((0, 1),))
    wrong = ForkingChain.of(SETUP + 60, ((0, 1), (3, 2)))

    class Liar:
        """Gives one answer with the other branch's logs, under its own last block's hash."""

        lied = False

        def head(self) -> int:
            return right.head()

        def hashes(self, numbers: Sequence[int]) -> list[bytes | None]:
            return right.hashes(numbers)

        def spans(self, first: int, last: int) -> Iterator[Span]:
            for ours, other in zip(right.spans(first, last), wrong.spans(first, last), strict=True):
                if self.lied or ours.logs == other.logs:
                    yield ours
                else:
                    self.lied = True
                    yield Span(ours.last, ours.last_hash, other.logs[:-5])

    index = opened(tmp_path / "index.sqlite")
    index.refresh(Liar())
    assert content(index) == fresh(right)
    index.close()


def test_a_chain_that_never_rests_is_told_and_harms_nothing(tmp_path: Path):
    first, second = (ForkingChain.of(SETUP + 50, ((0, 1), (2, seed))) for seed in (2, 3))

    class Flicker(ForkingChain):
        turn = 0

        def hashes(self, numbers: Sequence[int]) -> list[bytes | None]:
            self.turn += 1
            return (first, second)[self.turn % 2].hashes(numbers)

    index = opened(tmp_path / "index.sqlite")
    with pytest.raises(LedgerUnavailableError, match="did not fit together, 8 times"):
        index.refresh(Flicker(first.hashes_, first.logs_))
    index.refresh(second)
    assert content(index) == fresh(second)
    index.close()


def test_boards_and_profiles_are_those_of_the_state(tmp_path: Path):
    chain = ForkingChain.of(SETUP + 1500, ((0, 1),))
    index = opened(tmp_path / "index.sqlite")
    index.refresh(chain)
    state = folded(index)
    with index.read() as pages:
        assert pages.challenges() == list(state.challenges)
        now = long_history.START + 86_400 + 500
        for place, rules in list(state.steps.items())[:12]:
            wanted = board(state, *place, name_of=str, now=now)
            found = indexed.board(pages, *place, name_of=str, now=now, limit=10_000)
            assert found == wanted
            assert indexed.board(pages, *place, name_of=str, now=now, limit=3) == wanted[:3]
            newest = pages.newest(*place, limit=4)
            numbers = sorted((row["id"] for row in wanted), reverse=True)
            assert [entry.id for entry in newest] == numbers[:4]
            assert rules == pages.steps(place[0])[place[1]]
            live = pages.live_claims(*place, now=now, limit=10_000)
            assert live == state.live_claims(*place, now=now)
        assert list(pages.steps("challenge_1")) == [s for c, s in state.steps if c == "challenge_1"]
        whole = board(state, "challenge_1", None, name_of=str)
        assert indexed.board(pages, "challenge_1", None, name_of=str, limit=9_999) == whole
        assert indexed.board(pages, "none", None, name_of=str) == []
        for who in map(long_history.person, (0, 1, 2, 9_999)):
            row = profile(state, who, name_of=str)
            assert indexed.profile(pages, who, name_of=str, limit=9_999) == row
            few = indexed.profile(pages, who, name_of=str, limit=2)
            assert few["entries"] == row["entries"][-2:]
            assert few["submissions"] == row["submissions"]
        assert pages.pending(limit=9_999) == state.pending
    index.close()


def test_events_are_given_from_anywhere(tmp_path: Path):
    index = opened(tmp_path / "index.sqlite")
    index.refresh(ForkingChain.of(SETUP + 40, ((0, 1),)))
    events = index.events()
    assert [event.seq for event in events] == list(range(SETUP + 40))
    assert index.events(after=100, limit=3) == events[101:104]
    block = events[-1].block
    assert index.events_of_block(block) == [e for e in events if e.block == block]
    assert index.events_of_block(10**6) == []
    assert all(a.block <= b.block for a, b in pairwise(events))
    index.close()


def test_another_process_that_wrote_meanwhile_is_not_written_over(tmp_path: Path):
    chain, longer = (ForkingChain.of(SETUP + n, ((0, 1),)) for n in (60, 200))
    other_way = ForkingChain.of(SETUP + 90, ((0, 1), (4, 5)))
    one, two = opened(tmp_path / "i.sqlite"), opened(tmp_path / "i.sqlite")
    for reader, seen in (
        (one, chain),
        (two, other_way),
        (one, longer),
        (two, longer),
        (one, chain),
    ):
        reader.refresh(seen)
        assert content(reader) == fresh(seen)
    one.close()
    two.close()


def test_threads_may_share_an_index(tmp_path: Path):
    chains = [ForkingChain.of(SETUP + 30 * n, ((0, 1), (4, n))) for n in range(1, 7)]
    index = opened(tmp_path / "i.sqlite")

    def work(chain: ForkingChain) -> int:
        index.refresh(chain)
        with index.read() as pages:
            known = len(pages.challenges())
        return known + len(index.events()[:1])

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, chains)) == {long_history.CHALLENGES + 1}
    index.refresh(chains[0])
    assert content(index) == fresh(chains[0])
    index.close()


def test_another_version_or_deployment_is_built_anew(tmp_path: Path):
    path, chain = tmp_path / "i.sqlite", ForkingChain.of(SETUP + 20, ((0, 1),))
    index = opened(path)
    index.refresh(chain)
    index.close()
    assert opened(path).count() == SETUP + 20
    with sqlite3.connect(path) as db:
        db.execute("update meta set value='0' where key='version'")
    again = opened(path)
    assert again.count() == 0
    again.refresh(chain)
    assert content(again) == fresh(chain)
    assert Index(path, chain_id=1, addresses=ADDRESSES).count() == 0


@pytest.mark.parametrize("damage", [b"no database at all", None])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: bytes | None):
    path, chain = tmp_path / "i.sqlite", ForkingChain.of(SETUP + 20, ((0, 1),))
    index = opened(path)
    index.refresh(chain)
    index.close()
    whole = path.read_bytes()
    path.write_bytes(damage or whole[:100] + os.urandom(4000) + whole[4100:])
    again = opened(path)
    again.refresh(chain)
    assert content(again) == fresh(chain)


def test_an_index_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "i.sqlite").mkdir()
    with pytest.raises(LedgerUnavailableError) as caught:
        opened(tmp_path / "i.sqlite")
    assert "delete it" in caught.value.hint


def test_the_embedded_chain_is_indexed_from_its_file(tmp_path: Path):
    long_history.write(tmp_path / "chain.sqlite", 700)
    source = FileSource(tmp_path / "chain.sqlite", addresses=ADDRESSES.values())
    index = opened(index_path(tmp_path / "new", chain_id=1337, address=ADDRESSES["ledger"]))
    steps: list[tuple[int, int]] = []
    index.refresh(source, progress=lambda block, last: steps.append((block, last)))
    assert steps[-1] == (70, 70)
    assert index.count() == 700
    assert kept_state(index) == folded(index)
    source.close()
    index.close()


def test_a_ledger_that_is_no_chain_is_told(tmp_path: Path):
    (tmp_path / "chain.sqlite").write_bytes(b"nothing")
    with pytest.raises(LedgerUnavailableError, match="cannot be read"):
        FileSource(tmp_path / "chain.sqlite", addresses=ADDRESSES.values())


REFRESH = """
import sys
from pathlib import Path
from coopt_dag.ledger.chainfile import ADDRESSES
from coopt_dag.ledger.index.book import Index
from coopt_dag.ledger.index.source import FileSource
import coopt_dag.ledger.index.source as source
source.SPAN_LOGS = 40
index = Index(Path(sys.argv[2]), chain_id=1337, addresses=ADDRESSES, depth=int(sys.argv[3]))
print("ready", flush=True)
index.refresh(FileSource(Path(sys.argv[1]), addresses=ADDRESSES.values()))
"""


def refreshing(chain: Path, index: Path, depth: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", REFRESH, str(chain), str(index), str(depth)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def built(chain: Path, folder: Path) -> dict[str, object]:
    index = opened(folder / "fresh.sqlite")
    index.refresh(FileSource(chain, addresses=ADDRESSES.values()))
    return content(index)


@pytest.mark.kill
@pytest.mark.slow
def test_a_killed_refresh_goes_on_where_it_was(tmp_path: Path):
    chain, path, rng = tmp_path / "chain.sqlite", tmp_path / "i.sqlite", random.Random(5)
    long_history.write(chain, 6000)
    progress = []
    for turn in range(12):
        process = refreshing(chain, path, (0, 30, 10_000)[turn % 3])
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        index = opened(path)
        progress.append(index.count())
        assert kept_state(index) == folded(index)
        index.close()
    assert progress == sorted(progress)
    assert any(0 < count < 6000 for count in progress)  # otherwise no kill came in between
    index = opened(path)
    index.refresh(FileSource(chain, addresses=ADDRESSES.values()))
    assert content(index) == built(chain, tmp_path)
    index.close()


@pytest.mark.slow
def test_several_processes_build_one_index(tmp_path: Path):
    chain, path = tmp_path / "chain.sqlite", tmp_path / "i.sqlite"
    long_history.write(chain, 4000)
    processes = [refreshing(chain, path, depth) for depth in (0, 30, 10_000)]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    index = opened(path)
    assert content(index) == built(chain, tmp_path)
    index.close()

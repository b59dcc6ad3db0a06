"""Random actions played on memory and on a chain: same refusals, same events, same state."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.events import Event
from coopt_dag.ledger.refusals import CODES
from coopt_dag.ledger.state import LedgerState, project

from .conftest import Anvil, Bench, anvil_bench, embedded_bench, memory_bench, person

PEOPLE = [person(n) for n in range(1, 5)]
people = st.sampled_from(PEOPLE)
# Small alphabets, so that actions meet each other; a few values that no rule accepts.
challenges = st.sampled_from(["toy", "toy", "toy", "other", "Bad"])
steps = st.sampled_from(["fit", "fit", "fit", "loss", ""])
cids = st.sampled_from(["c", "c", "c", ""])
revisions = st.sampled_from(["a1", "a1", "b2", "", "é" * 32, "é" * 32 + "x"])  # 64 and 65 bytes
roots = st.sampled_from(["ab" * 32, "0" * 64])
numbers = st.integers(1, 6)
scores = st.sampled_from([-3, 0, 1, 2, 3, 5, 2**254, -(2**254)])
durations = st.sampled_from([60, 60, 100, 59])
parents = st.lists(numbers, max_size=2).map(tuple)


def shape(event: Event) -> tuple[str, dict[str, Any]]:
    """What adapters must agree on: all but hash, height and second."""
    fields = asdict(event)
    for own in ("block", "time", "tx_hash", "closes_at"):
        fields.pop(own, None)
    if "expires_at" in fields:
        fields["expires_at"] -= event.time
    return type(event).__name__, fields


def shape_of_state(state: LedgerState) -> dict[str, Any]:
    tables = asdict(state)
    tables["claims"] = sorted(tables["claims"])
    for entry in tables["challenges"].values():
        entry.pop("closes_at")
    listed = itertools.chain(*tables["anchors"].values(), *tables["seals"].values())
    for entry in [*tables["submissions"].values(), *listed]:
        entry.pop("time")
        entry.pop("tx_hash")
    return tables


class TwoLedgers(RuleBasedStateMachine):
    """`chain` is told what memory is told, at the same time."""

    chain: Bench

    def __init__(self) -> None:
        super().__init__()
        self.memory = memory_bench()
        self.chain = self.open_chain()
        # A node's clock is another than memory's: each ledger gets its own deadline.
        said = [
            self.outcome(b, PEOPLE[0], self.opening(closes_at=b.clock.now + 700))
            for b in (self.memory, self.chain)
        ]
        assert said[0] == said[1]
        self.both(PEOPLE[0], ac.RegisterStep("toy", "fit", "s", "maximise", 1, 1))

    @staticmethod
    def opening(*, closes_at: int) -> ac.RegisterChallenge:
        return ac.RegisterChallenge("toy", "m", (PEOPLE[0].address,), slots=2, closes_at=closes_at)

    def open_chain(self) -> Bench:
        raise NotImplementedError

    def both(self, who: Any, action: ac.Action) -> None:
        said = [self.outcome(bench, who, action) for bench in (self.memory, self.chain)]
        assert said[0] == said[1], action

    @staticmethod
    def outcome(bench: Bench, who: Any, action: ac.Action) -> Any:
        try:
            return [shape(e) for e in bench.ledger.send(action, signer=who).events]
        except LedgerRefusedError as refusal:
            return refusal.code if refusal.code in CODES else repr(refusal)

    @rule(
        who=people,
        name=challenges,
        cid=cids,
        judges=st.lists(people, max_size=2),
        slots=st.integers(0, 2),
    )
    def register_challenge(
        self, who: Any, name: str, cid: str, judges: list[Any], slots: int
    ) -> None:
        evaluators = tuple(j.address for j in judges)
        self.both(who, ac.RegisterChallenge(name, cid, evaluators, slots=slots))

    @rule(who=people, name=challenges, root=roots, cid=cids)
    def seal(self, who: Any, name: str, root: str, cid: str) -> None:
        self.both(who, ac.Seal(name, root, cid))

    @rule(who=people, name=challenges, epoch=st.integers(0, 3), cid=cids)
    def unseal(self, who: Any, name: str, epoch: int, cid: str) -> None:
        self.both(who, ac.Unseal(name, epoch, cid))

    @rule(
        who=people,
        place=st.tuples(challenges, steps, cids),
        direction=st.sampled_from(["minimise", "maximise"]),
        delta=st.integers(0, 2),
        cap=st.integers(0, 2),
    )
    def register_step(
        self, who: Any, place: tuple[str, str, str], direction: str, delta: int, cap: int
    ) -> None:
        self.both(who, ac.RegisterStep(*place, direction, delta, cap))

    @rule(who=people, name=challenges, step=steps, seconds=durations)
    def claim(self, who: Any, name: str, step: str, seconds: int) -> None:
        self.both(who, ac.Claim(name, step, seconds))

    @rule(who=people, name=challenges, step=steps)
    def release(self, who: Any, name: str, step: str) -> None:
        self.both(who, ac.Release(name, step))

    @rule(who=people, place=st.tuples(challenges, steps, cids), lineage=parents)
    def submit(self, who: Any, place: tuple[str, str, str], lineage: tuple[int, ...]) -> None:
        self.both(who, ac.Submit(*place, lineage))

    @rule(who=people, number=numbers, score=scores, whole=scores, cid=cids)
    def score(self, who: Any, number: int, score: int, whole: int, cid: str) -> None:
        self.both(who, ac.Score(number, score, whole, cid))

    @rule(who=people, number=numbers, reason=st.sampled_from(["crashed", "", "x" * 32]), cid=cids)
    def reject(self, who: Any, number: int, reason: str, cid: str) -> None:
        self.both(who, ac.Reject(number, reason, cid))

    @rule(who=people, name=challenges, step=steps, score=scores, because=numbers)
    def rescore(self, who: Any, name: str, step: str, score: int, because: int) -> None:
        self.both(who, ac.Rescore(name, step, score, because))

    @rule(who=people, name=challenges, revision=revisions, cid=cids)
    def anchor(self, who: Any, name: str, revision: str, cid: str) -> None:
        self.both(who, ac.Anchor(name, revision, cid))

    @rule(who=people, seconds=durations)
    def claim_then_submit(self, who: Any, seconds: int) -> None:
        """Without it random play seldom gets past the claims."""
        self.both(who, ac.Claim("toy", "fit", seconds))
        self.both(who, ac.Submit("toy", "fit", "c", ()))

    # Not a multiple of a lease: a node may stamp a block a second late, and so must not be on edge.
    @rule(seconds=st.sampled_from([30, 130]))
    def wait(self, seconds: int) -> None:
        for bench in (self.memory, self.chain):
            bench.sleep(seconds)

    def teardown(self) -> None:
        events = [bench.ledger.events() for bench in (self.memory, self.chain)]
        assert [shape(e) for e in events[0]] == [shape(e) for e in events[1]]
        states = [shape_of_state(project(e)) for e in events]
        assert states[0] == states[1]
        self.chain.ledger.close()


def play(machine: type[TwoLedgers], *, games: int, moves: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=games,
            stateful_step_count=moves,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_memory_and_the_embedded_chain_play_the_same_game():
    with tempfile.TemporaryDirectory() as folder:
        games = itertools.count()

        class Embedded(TwoLedgers):
            def open_chain(self) -> Bench:
                return embedded_bench(Path(folder) / str(next(games)))

        play(Embedded, games=8, moves=40)


@pytest.mark.slow
@pytest.mark.npm
def test_memory_and_anvil_play_the_same_game(anvil: Anvil):
    class Remote(TwoLedgers):
        def open_chain(self) -> Bench:
            return anvil_bench(anvil)

    play(Remote, games=15, moves=40)

"""A submission is cut short between promise and reveal, and goes on; copies stop nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from coopt_dag.errors import LedgerRefusedError, LedgerUnavailableError
from coopt_dag.evaluation.desk import Desk
from coopt_dag.evaluation.promises import ROOM
from coopt_dag.evaluation.submit import offer
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.memory import MemoryLedger, MemorySigner
from coopt_dag.ledger.protocol import Forwarding, Ledger, Receipt, Signer
from coopt_dag.specs.workspace import find_workspace
from coopt_dag.store.memory import MemoryStore
from tests.workspaces import tiny

PLACE = ("tiny", "add")
CID = "bafybeidfnljvuqpgkxqzmqhhhzkckkxd6lqqn34wyinglakpet6dcstxkq"
HOUR = 3600


@dataclass(frozen=True)
class Cut(Forwarding):
    """A ledger whose line is cut when a kind of action is sent, before or after it is taken."""

    ledger: Ledger
    at: type
    taken: bool

    def send(self, action: ac.Action, *, signer: Signer) -> Receipt:
        if not isinstance(action, self.at):
            return self.ledger.send(action, signer=signer)
        if self.taken:
            self.ledger.send(action, signer=signer)
        raise LedgerUnavailableError("the line is cut")


class Clock:
    def __init__(self) -> None:
        self.now = 2_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ada(tmp_path: Path, clock: Clock) -> Desk:
    lab, who = MemorySigner("0x" + "1" * 40), MemorySigner("0x" + "a" * 40)
    ledger = MemoryLedger(clock)
    ledger.send(ac.RegisterChallenge("tiny", "m", (lab.address,), reveal_s=HOUR), signer=lab)
    ledger.send(ac.RegisterStep("tiny", "add", "s", "minimise", 1), signer=lab)
    ledger.send(ac.Claim("tiny", "add", 24 * HOUR), signer=who)
    return Desk(find_workspace(tiny(tmp_path / "tiny")), MemoryStore(), ledger, who)


@contextmanager
def cut(desk: Desk, at: type, *, taken: bool) -> Iterator[None]:
    """Offer on a line that is cut."""
    with pytest.raises(LedgerUnavailableError):
        offer(replace(desk, ledger=Cut(desk.ledger, at, taken)), PLACE, CID)
    yield


def kept(desk: Desk) -> list[Path]:
    return list((desk.workspace.state_dir / ROOM).glob("*"))


@pytest.mark.parametrize("at", [ac.Commit, ac.Reveal])
@pytest.mark.parametrize("taken", [False, True])
def test_a_submission_that_was_cut_short_goes_on(ada: Desk, at: type, taken: bool) -> None:
    with cut(ada, at, taken=taken):
        (before,) = kept(ada)
        assert before.stat().st_mode & 0o077 == 0
    if (at, taken) == (ac.Reveal, True):
        with pytest.raises(LedgerRefusedError) as caught:
            offer(ada, PLACE, CID)
        assert caught.value.code == "AlreadyRevealed"
    else:
        offer(ada, PLACE, CID)
    (entry,) = ada.state().submissions.values()
    assert (entry.status, entry.solution_cid) == ("pending", CID)
    assert kept(ada) == []


def test_who_copies_a_commitment_stops_nobody(ada: Desk) -> None:
    with cut(ada, ac.Commit, taken=True):
        pass
    (mine,) = ada.state().submissions.values()
    copycat = MemorySigner("0x" + "c" * 40)
    ada.ledger.send(ac.Claim("tiny", "add", HOUR), signer=copycat)
    ada.ledger.send(ac.Commit("tiny", "add", mine.commitment), signer=copycat)
    offer(ada, PLACE, CID)
    assert [s.status for s in ada.state().submissions.values()] == ["pending", "committed"]


def test_a_promise_whose_time_is_over_is_dropped_and_made_anew(ada: Desk, clock: Clock) -> None:
    with cut(ada, ac.Reveal, taken=False):
        pass
    clock.now += HOUR + 1
    with pytest.raises(LedgerRefusedError) as caught:
        offer(ada, PLACE, CID)
    assert caught.value.code == "RevealTooLate"
    assert kept(ada) == []
    offer(ada, PLACE, CID)
    assert [s.status for s in ada.state().submissions.values()] == ["committed", "pending"]


def test_the_same_files_wait_under_one_promise(ada: Desk) -> None:
    for _ in range(3):
        with cut(ada, ac.Commit, taken=False):
            pass
    assert len(kept(ada)) == 1

"""The last second of each window, on ledgers whose clock stands still for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from coopt_dag.ledger import actions as ac

from .conftest import Bench, embedded_bench, memory_bench
from .kit import ANN, BEN, BOND, DAY, OWNER, ROOT, act, code_of, judge, offer, open_panel, panel
from .papers import Table, Work, request


@pytest.fixture(params=["memory", "embedded"])
def court(request: pytest.FixtureRequest, tmp_path: Path):
    """Three of four evaluators judge; reveals take 600 s, disputes two days."""
    bench = memory_bench() if request.param == "memory" else embedded_bench(tmp_path)
    open_panel(bench)
    yield bench
    bench.ledger.close()


def at(bench: Bench, second: int) -> None:
    bench.clock.now = second


def test_a_reveal_may_come_in_its_last_second(court: Bench):
    act(court, ANN, ac.Claim("toy", "fit", 60))
    end = act(court, ANN, Work(ANN).commit()).reveal_by
    at(court, end + 1)
    assert code_of(court, ANN, Work(ANN).reveal(1)) == "RevealTooLate"
    at(court, end)
    assert act(court, ANN, Work(ANN).reveal(1)).submission_id == 1


def test_a_lease_is_over_in_the_second_it_expires(court: Bench):
    end = act(court, ANN, ac.Claim("toy", "fit", 60)).expires_at
    at(court, end)
    assert code_of(court, ANN, Work(ANN).commit()) == "NoLiveClaim"
    at(court, end - 1)
    assert act(court, ANN, Work(ANN).commit()).submission_id == 1


def test_a_vote_may_come_in_its_last_second_and_lapses_after_it(court: Bench):
    judge(court, offer(court, BEN), 5, 5, 5)
    court.give(ANN.address, BOND)
    end = act(court, ANN, ac.Dispute(1, "evidence", BOND)).vote_by
    at(court, end)
    assert code_of(court, BEN, ac.Lapse(1)) == "VoteNotOver"
    nobody = ac.Decide(1, False, "report", ())
    assert code_of(court, BEN, nobody) == "QuorumNeeded"  # in time, but too few
    at(court, end + 1)
    assert code_of(court, BEN, nobody) == "VoteOver"
    assert act(court, BEN, ac.Lapse(1)).bond_to == ANN.address


def test_a_settlement_is_disputed_before_the_second_in_which_it_pays(court: Bench):
    act(court, OWNER, ac.Seal("toy", ROOT, "box"))
    court.give(BEN.address, BOND)
    table = Table("toy", 0, ((ANN.address, 0, 30),))
    end = act(court, OWNER, table.propose()).final_at
    doubt = ac.DisputeSettlement("toy", 0, "evidence", BOND)
    at(court, end - 1)
    assert code_of(court, ANN, table.redeem(0)) == "NotFinal"
    at(court, end)
    assert code_of(court, BEN, doubt) == "NotDisputable"
    at(court, end - 1)
    over = act(court, BEN, doubt).vote_by
    at(court, over)
    assert code_of(court, BEN, ac.LapseSettlement("toy", 0)) == "VoteNotOver"
    nobody = ac.DecideSettlement("toy", 0, True, "report", ())
    assert code_of(court, BEN, nobody) == "QuorumNeeded"
    at(court, over + 1)
    assert code_of(court, BEN, nobody) == "VoteOver"
    assert act(court, BEN, ac.LapseSettlement("toy", 0)).upheld


def test_a_request_may_come_in_its_last_second(court: Bench):
    end = court.clock.now + DAY
    wanted = request(court.ledger, ac.Claim("toy", "fit", 60), ANN, nonce=1, deadline=end)
    at(court, end + 1)
    assert code_of(court, BEN, ac.Relay("ledger", (wanted,))) == "RequestExpired"
    at(court, end)
    assert act(court, BEN, ac.Relay("ledger", (wanted,))).actor == ANN.address


def test_a_round_expires_after_its_last_second(court: Bench):
    offer(court, ANN)
    end = act(court, ANN, panel(court, 1, 1, 2, 3).commit(court.ledger)).reveal_by
    at(court, end)
    assert code_of(court, ANN, ac.ExpireRound(1)) == "RoundNotOver"
    at(court, end + 1)
    assert act(court, ANN, ac.ExpireRound(1)).withheld == 0b111


def test_an_epoch_is_over_in_the_second_it_closes(court: Bench):
    end = court.clock.now + DAY
    act(court, OWNER, ac.RegisterChallenge("brief", "m", (BEN.address,), closes_at=end))
    propose = Table("brief", 0, ((ANN.address, 0, 0),)).propose()
    at(court, end - 1)
    assert code_of(court, OWNER, propose) == "EpochNotOver"
    at(court, end)
    assert act(court, OWNER, propose).epoch == 0

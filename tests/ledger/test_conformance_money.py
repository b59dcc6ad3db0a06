"""Bounties, settlements and what is paid, the same on every ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.hashing import challenge_key

from .conftest import Bench
from .kit import (
    ANN,
    BEN,
    BOND,
    DAY,
    EVA,
    FAY,
    GUS,
    IDA,
    OWNER,
    ROOT,
    act,
    code_of,
    open_panel,
)
from .papers import NOBODY, Table, votes

PAID = (
    *((ANN.address, 0, 30), (BEN.address, 0, 70)),
    *((ANN.address, 1, 15), (BEN.address, 1, 5)),
)


@pytest.fixture
def funded(bench: Bench) -> Bench:
    """A challenge in its second epoch; bounty 1 holds 50 for the first, Ann and Ben hold 100."""
    open_panel(bench)
    for who in (ANN, BEN):
        bench.give(who.address, 100)
    act(bench, ANN, bounty(bench))
    act(bench, OWNER, ac.Seal("toy", ROOT, "box"))
    return bench


def bounty(bench: Bench, **other) -> ac.Fund:
    deadline = bench.ledger.head().time + 10 * DAY
    made = ac.Fund("toy", "fit", 0, COIN, 50, NOBODY, deadline, "terms")
    return replace(made, **other)


@pytest.fixture
def settled(funded: Bench) -> Bench:
    """The first epoch's table was proposed."""
    act(funded, OWNER, Table("toy", 0, PAID).propose())
    return funded


def credit(bench: Bench, who) -> int:
    return int(bench.ledger.read("treasury", "creditOf", challenge_key("toy"), who.address))


def owed(bench: Bench, who) -> int:
    return int(bench.ledger.read("treasury", "owedTo", who.address))


# --- bounties -----------------------------------------------------------------------------------


def test_a_bounty_holds_what_its_sponsor_sent(funded: Bench):
    (told,) = [e for e in funded.ledger.events() if isinstance(e, ev.Funded)]
    assert (told.bounty_id, told.amount, told.asset, told.epoch) == (1, 50, COIN, 0)
    assert funded.ledger.balance(ANN.address) == 50
    assert funded.ledger.balance(funded.ledger.domain("treasury").contract) == 50


def test_a_bounty_that_nobody_could_be_paid_from_is_refused(funded: Bench):
    now = funded.ledger.head().time
    treasury = funded.ledger.domain("treasury").contract
    for other, code in [
        ({"challenge": "none"}, "UnknownChallenge"),
        ({"step": "Bad"}, "BadName"),
        ({"terms_cid": ""}, "BadCid"),
        ({"deadline": now - 1}, "BadDeadline"),
        ({"deadline": 2**40}, "BadDeadline"),
        ({"payee": treasury}, "BadPayee"),
        ({"amount": 0}, "WrongValue"),
        ({"asset": BEN.address}, "BadAsset"),  # no token, but a person
        ({"asset": BEN.address, "amount": 0}, "BadAmount"),
    ]:
        assert code_of(funded, BEN, bounty(funded, **other)) == code


def test_who_has_not_enough_coin_learns_it_before_anything_is_sent(funded: Bench):
    with pytest.raises(LedgerUnavailableError):
        funded.ledger.send(bounty(funded, amount=101), signer=BEN)
    assert funded.ledger.balance(BEN.address) == 100


def test_a_sponsor_has_its_bounty_back_from_the_deadline_on(funded: Bench):
    assert code_of(funded, BEN, ac.Refund(1)) == "NotRefundable"
    assert code_of(funded, BEN, ac.Refund(9)) == "UnknownBounty"
    funded.sleep(10 * DAY)
    told = act(funded, BEN, ac.Refund(1))  # whoever asks, the sponsor is paid
    assert (told.sponsor, told.amount) == (ANN.address, 50)
    assert funded.ledger.balance(ANN.address) == 100
    assert code_of(funded, BEN, ac.Refund(1)) == "NotRefundable"


def test_a_grant_is_released_by_its_sponsor_once(funded: Bench):
    number = act(funded, ANN, bounty(funded, payee=BEN.address, amount=20)).bounty_id
    assert code_of(funded, BEN, ac.ReleaseGrant(number)) == "NotSponsor"
    assert code_of(funded, ANN, ac.ReleaseGrant(1)) == "NotReleasable"  # settlements pay it
    told = act(funded, ANN, ac.ReleaseGrant(number))
    assert (told.payee, told.amount) == (BEN.address, 20)
    assert funded.ledger.balance(BEN.address) == 120
    assert code_of(funded, ANN, ac.ReleaseGrant(number)) == "NotReleasable"
    assert code_of(funded, ANN, ac.ReleaseGrant(9)) == "UnknownBounty"


def test_a_receiver_that_takes_no_coin_stops_only_itself(funded: Bench):
    notes = funded.ledger.domain("notes").contract
    number = act(funded, ANN, bounty(funded, payee=notes, amount=20)).bounty_id
    assert code_of(funded, ANN, ac.ReleaseGrant(number)) == "PaymentFailed"
    assert funded.ledger.balance(funded.ledger.domain("treasury").contract) == 70


# --- settlements --------------------------------------------------------------------------------


def test_a_settlement_is_proposed_once_its_epoch_is_over(funded: Bench):
    good = Table("toy", 0, PAID).propose()
    for who, action, code in [
        (ANN, good, "NotProposer"),
        (OWNER, replace(good, challenge="none"), "NotProposer"),
        (OWNER, replace(good, epoch=1), "EpochNotOver"),
        (OWNER, replace(good, epoch=2), "EpochNotOver"),
        (OWNER, replace(good, root="0" * 64), "BadRoot"),
        (OWNER, replace(good, table_cid=""), "BadCid"),
        (OWNER, replace(good, credit=101), "BadTotal"),
        (OWNER, replace(good, shares=(ac.Share(1, 51),)), "BadTotal"),
        (OWNER, replace(good, shares=(ac.Share(1, 0),)), "BadTotal"),
        (OWNER, replace(good, shares=good.shares * 2), "UnknownBounty"),
        (OWNER, replace(good, shares=(ac.Share(9, 1),)), "UnknownBounty"),
        (OWNER, replace(good, shares=good.shares * 65), "TooManyShares"),
    ]:
        assert code_of(funded, who, action) == code
    told = act(funded, EVA, good)  # an evaluator may
    assert isinstance(told, ev.SettlementProposed)
    assert (told.credit, told.shares, told.round) == (100, (ac.Share(1, 20),), 1)
    assert told.final_at == told.time + 2 * DAY
    assert code_of(funded, OWNER, good) == "AlreadySettled"
    assert code_of(funded, BEN, bounty(funded)) == "AlreadySettled"


def test_an_open_epoch_ends_with_its_deadline_or_its_keys(bench: Bench):
    closes_at = bench.ledger.head().time + 3600
    open_panel(bench, closes_at=closes_at)
    table = Table("toy", 0, PAID[:2]).propose()
    assert code_of(bench, OWNER, table) == "EpochNotOver"
    bench.sleep(2 * 3600)
    act(bench, OWNER, table)
    act(bench, OWNER, ac.Seal("toy", ROOT, "box"))
    act(bench, OWNER, ac.Unseal("toy", 1, "keys"))
    assert act(bench, OWNER, Table("toy", 1, PAID[:2]).propose()).epoch == 1


def test_each_leaf_pays_once_when_the_root_is_final(settled: Bench):
    table = Table("toy", 0, PAID)
    assert code_of(settled, ANN, table.redeem(0)) == "NotFinal"
    assert code_of(settled, ANN, replace(table.redeem(0), epoch=1)) == "NotSettled"
    settled.sleep(2 * DAY)
    good = table.redeem(0)
    for wrong in (
        replace(good, amount=31),
        replace(good, account=BEN.address),
        replace(good, index=1),
        replace(good, bounty_id=1),
        replace(good, proof=good.proof[:-1]),
    ):
        assert code_of(settled, ANN, wrong) == "BadProof"
    for index in range(4):
        told = act(settled, GUS, table.redeem(index))  # anybody may ask
        assert (told.account, told.bounty_id, told.amount) == PAID[index]
        assert code_of(settled, ANN, table.redeem(index)) == "AlreadyRedeemed"
    assert (credit(settled, ANN), credit(settled, BEN)) == (30, 70)
    # Ann put up 50 of her 100.
    assert [settled.ledger.balance(w.address) for w in (ANN, BEN)] == [65, 105]


def test_no_more_leaves_than_the_settlement_set_aside(funded: Bench):
    table = Table("toy", 0, PAID)
    honest = table.propose()
    act(funded, OWNER, replace(honest, credit=30, shares=(ac.Share(1, 15),)))
    funded.sleep(2 * DAY)
    for index in (0, 2):
        act(funded, ANN, table.redeem(index))
    for index in (1, 3):  # the tree promises what is not there
        assert code_of(funded, ANN, table.redeem(index)) == "BadTotal"


def test_a_leaf_of_a_bounty_that_was_not_set_aside_pays_nothing(funded: Bench):
    table = Table("toy", 0, PAID)
    act(funded, OWNER, replace(table.propose(), shares=()))
    funded.sleep(2 * DAY)
    assert code_of(funded, ANN, table.redeem(2)) == "UnknownBounty"


def test_what_a_settlement_set_aside_is_not_refunded_and_the_rest_is(settled: Bench):
    settled.sleep(2 * DAY)
    assert act(settled, BEN, ac.Refund(1)).amount == 30
    settled.sleep(30 * DAY)
    assert code_of(settled, BEN, ac.Refund(1)) == "NotRefundable"
    assert act(settled, BEN, Table("toy", 0, PAID).redeem(2)).amount == 15


# --- doubts about settlements -------------------------------------------------------------------


def verdict(bench: Bench, *who, upheld: bool, round_: int = 1) -> ac.DecideSettlement:
    words = {"challengeKey": challenge_key("toy"), "epoch": 0, "round": round_}
    words |= {"upheld": upheld, "reportCid": "again"}
    cast = votes(bench.ledger, "treasury", "SettlementVerdict", who, **words)
    return ac.DecideSettlement("toy", 0, upheld, "again", cast)


@pytest.fixture
def doubted(settled: Bench) -> Bench:
    """Ben disputes the owner's settlement."""
    act(settled, BEN, ac.DisputeSettlement("toy", 0, "evidence", BOND))
    return settled


def test_a_settlement_is_disputed_once_within_its_window_for_the_bond(settled: Bench):
    good = ac.DisputeSettlement("toy", 0, "evidence", BOND)
    for action, code in [
        (replace(good, epoch=1), "NotDisputable"),
        (replace(good, challenge="none"), "NotDisputable"),
        (replace(good, evidence_cid=""), "BadCid"),
        (replace(good, value_wei=BOND + 1), "WrongValue"),
    ]:
        assert code_of(settled, BEN, action) == code
    told = act(settled, BEN, good)
    assert (told.bond_wei, told.vote_by) == (BOND, told.time + 2 * DAY)
    assert code_of(settled, ANN, good) == "NotDisputable"


def test_a_settlement_that_is_final_cannot_be_disputed(settled: Bench):
    settled.sleep(2 * DAY)
    good = ac.DisputeSettlement("toy", 0, "evidence", BOND)
    assert code_of(settled, BEN, good) == "NotDisputable"


def test_a_struck_settlement_is_replaced_and_its_leaves_are_worth_nothing(doubted: Bench):
    old, new = Table("toy", 0, PAID), Table("toy", 0, ((ANN.address, 0, 100),))
    told = act(doubted, GUS, verdict(doubted, EVA, FAY, GUS, upheld=True))
    assert isinstance(told, ev.SettlementDecided)
    assert (told.upheld, told.bond_to, told.bond_wei) == (True, BEN.address, BOND)
    assert act(doubted, OWNER, new.propose()).round == 2
    doubted.sleep(2 * DAY)
    assert code_of(doubted, ANN, old.redeem(0)) == "BadProof"
    act(doubted, ANN, new.redeem(0))
    assert credit(doubted, ANN) == 100
    assert act(doubted, BEN, ac.Withdraw("treasury")).amount_wei == BOND
    assert doubted.ledger.balance(BEN.address) == 100


def test_an_unfounded_doubt_costs_the_bond_and_the_root_is_final(doubted: Bench):
    table = Table("toy", 0, PAID)
    assert code_of(doubted, ANN, table.redeem(0)) == "NotFinal"
    act(doubted, GUS, verdict(doubted, EVA, FAY, GUS, upheld=False))
    assert (owed(doubted, OWNER), owed(doubted, BEN)) == (BOND, 0)
    assert act(doubted, ANN, table.redeem(0)).amount == 30


def test_only_a_majority_of_the_unconcerned_decides_about_a_settlement(doubted: Bench):
    good = verdict(doubted, EVA, FAY, GUS, upheld=True)
    for action, code in [
        (verdict(doubted, EVA, FAY, upheld=True), "QuorumNeeded"),
        (verdict(doubted, EVA, FAY, ANN, upheld=True), "NotEvaluator"),
        (verdict(doubted, EVA, FAY, GUS, upheld=True, round_=2), "BadSignature"),
        (replace(good, votes=good.votes[::-1]), "VotesNotRising"),
        (replace(good, upheld=False), "BadSignature"),
        (replace(good, report_cid=""), "BadCid"),
        (replace(good, epoch=1), "NotContested"),
    ]:
        assert code_of(doubted, ANN, action) == code


def test_proposer_and_disputer_do_not_vote(funded: Bench):
    act(funded, EVA, Table("toy", 0, PAID).propose())
    funded.give(FAY.address, BOND)
    act(funded, FAY, ac.DisputeSettlement("toy", 0, "evidence", BOND))
    for who in (EVA, FAY):
        wrong = verdict(funded, who, GUS, IDA, upheld=True)
        assert code_of(funded, ANN, wrong) == "NotIndependent"
    assert act(funded, ANN, verdict(funded, GUS, IDA, upheld=True)).upheld


def test_in_doubt_nothing_is_paid(doubted: Bench):
    assert code_of(doubted, ANN, ac.LapseSettlement("toy", 0)) == "VoteNotOver"
    assert code_of(doubted, ANN, ac.LapseSettlement("toy", 1)) == "NotContested"
    doubted.sleep(2 * DAY + 1)
    late = verdict(doubted, EVA, FAY, GUS, upheld=False)
    assert code_of(doubted, ANN, late) == "VoteOver"
    assert act(doubted, ANN, ac.LapseSettlement("toy", 0)).upheld
    assert owed(doubted, BEN) == BOND
    assert code_of(doubted, ANN, Table("toy", 0, PAID).redeem(0)) == "NotSettled"

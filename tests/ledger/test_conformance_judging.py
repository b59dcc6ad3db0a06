"""A quorum that commits before it opens, doubts about records, new scores of heads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.hashing import step_key
from coopt_dag.ledger.typed import Domain

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
    JUDGE,
    OWNER,
    ROOT,
    act,
    code_of,
    hand_in,
    judge,
    offer,
    open_panel,
    open_toy,
    panel,
    word_of,
)
from .papers import NOBODY, SALT, Panel, Work, opening, promise, votes


@pytest.fixture
def court(bench: Bench) -> Bench:
    """Three of four evaluators judge; number 1 is Ann's, and waits."""
    open_panel(bench)
    offer(bench, ANN)
    return bench


# --- rounds -------------------------------------------------------------------------------------


def test_the_lower_median_of_a_quorum_is_the_score(court: Bench):
    made = panel(court, 1, 5, 3, 4)
    told = act(court, ANN, made.commit(court.ledger))
    assert isinstance(told, ev.ScoresCommitted)
    assert told.evaluators == (EVA.address, FAY.address, GUS.address)
    assert told.reveal_by == told.time + 600
    *attested, scored = court.ledger.send(made.reveal(), signer=BEN).events
    assert [(e.evaluator, e.score_wad) for e in attested] == [
        *((EVA.address, 5), (FAY.address, 3)),
        (GUS.address, 4),
    ]
    assert (scored.score_wad, scored.is_record, scored.contributor) == (4, True, ANN.address)


def test_evaluators_may_commit_one_by_one_and_by_themselves(court: Bench):
    base = word_of(court, 1)
    for who, figure in [(EVA, 1), (FAY, 2), (GUS, 3)]:
        own = replace(promise(court.ledger, 1, opening(who, figure), who), signature="")
        told = act(court, who, ac.CommitScores(1, (own,)))
        assert told.reveal_by == (told.time + 600 if who is GUS else 0)
    made = Panel(1, ((EVA, 1), (FAY, 2), (GUS, 3)), base)
    assert court.ledger.send(made.reveal(), signer=ANN).events[-1].score_wad == 2


def test_a_commitment_counts_once_signed_by_its_evaluator_for_this_ledger(court: Bench):
    eva = promise(court.ledger, 1, opening(EVA, 1), EVA)
    author = promise(court.ledger, 1, opening(ANN, 1), ANN)
    forged = promise(court.ledger, 1, opening(EVA, 1), BEN)
    later = promise(court.ledger, 1, opening(EVA, 1), EVA, version=1)
    high_s = bytes.fromhex(eva.signature)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    flipped = (order - int.from_bytes(high_s[32:64], "big")).to_bytes(32, "big")
    twin = (high_s[:32] + flipped + bytes([55 - high_s[64]])).hex()
    for given, code in [
        ((), "BadBatch"),
        ((author,), "NotEvaluator"),
        ((forged,), "BadSignature"),
        ((later,), "BadSignature"),  # for another version of the metric
        ((replace(eva, signature=""),), "BadSignature"),  # not brought by Eva
        ((replace(eva, signature="00" * 65),), "BadSignature"),
        ((replace(eva, signature=twin),), "BadSignature"),
        ((eva, eva), "AlreadyCommitted"),
        ((eva,) * 4, "QuorumComplete"),
    ]:
        assert code_of(court, ANN, ac.CommitScores(1, given)) == code
    act(court, ANN, ac.CommitScores(1, (eva,)))
    assert code_of(court, ANN, ac.CommitScores(1, (eva,))) == "AlreadyCommitted"
    assert code_of(court, ANN, ac.CommitScores(9, (eva,))) == "UnknownSubmission"


def test_a_signature_for_another_contract_or_chain_is_none(court: Bench):
    home = court.ledger.domain("ledger")

    class Elsewhere:
        def domain(self, _contract: str) -> Domain:
            return self.there

        def __init__(self, there: Domain) -> None:
            self.there = there

    for there in (replace(home, chain_id=home.chain_id + 1), court.ledger.domain("treasury")):
        given = promise(Elsewhere(there), 1, opening(EVA, 1), EVA)
        assert code_of(court, ANN, ac.CommitScores(1, (given,))) == "BadSignature"


def test_an_evaluator_never_judges_its_own_work(court: Bench):
    number = offer(court, EVA)
    assert code_of(court, ANN, panel(court, number, 1, 1, 1).commit(court.ledger)) == (
        "NotIndependent"
    )


def test_a_quorum_of_three_is_not_one(court: Bench):
    assert code_of(court, EVA, ac.Score(1, 1, 1, "r")) == "QuorumNeeded"
    assert code_of(court, EVA, ac.Reject(1, "crashed", "r")) == "QuorumNeeded"


def test_nothing_opens_before_the_quorum_is_complete_and_only_as_it_was_committed(court: Bench):
    made = panel(court, 1, 1, 2, 3)
    assert code_of(court, ANN, made.reveal()) == "QuorumIncomplete"
    act(court, ANN, made.commit(court.ledger))
    backwards = replace(made.reveal(), openings=made.openings[::-1])
    two = replace(made.reveal(), openings=made.openings[:2])
    other = replace(made.reveal(), openings=(opening(EVA, 9), *made.openings[1:]))
    for wrong in (backwards, two, other, replace(made.reveal(), base="00" * 32)):
        assert code_of(court, ANN, wrong) == "WrongOpenings"
    court.ledger.send(made.reveal(), signer=ANN)
    assert code_of(court, ANN, made.reveal()) == "AlreadyJudged"


def open_round(court: Bench, *openings: ac.Opening) -> ac.RevealScores:
    """Commit to openings of any content; give what opens them."""
    who = {e.address: e for e in (EVA, FAY, GUS)}
    base = word_of(court, 1)
    given = tuple(promise(court.ledger, 1, o, who[o.evaluator]) for o in openings)
    act(court, ANN, ac.CommitScores(1, given))
    return ac.RevealScores(1, base, openings)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (opening(EVA, -(2**127)), "ScoreOutOfRange"),
        (opening(EVA, 1, e2e=-(2**127)), "ScoreOutOfRange"),
        (opening(EVA, 1, reason="x" * 32), "BadReason"),
        (replace(opening(EVA, 1), report_cid=""), "BadCid"),
    ],
)
def test_an_opening_that_is_no_finding_is_refused(court: Bench, first: ac.Opening, code: str):
    opened = open_round(court, first, opening(FAY, 1), opening(GUS, 1))
    assert code_of(court, ANN, opened) == code


def test_two_refusals_of_three_are_a_refusal(court: Bench):
    no = "crashed"
    opened = open_round(
        *(court, opening(EVA, 0, reason=no), opening(FAY, 9)), opening(GUS, 0, reason="slow")
    )
    last = court.ledger.send(opened, signer=ANN).events[-1]
    # Refusals are worse than any score: of refused, refused, 9 the second is the median.
    assert isinstance(last, ev.Rejected)
    assert last.reason == "slow"


def test_an_evaluator_shows_its_opening_alone_once(court: Bench):
    made = panel(court, 1, 1, 2, 3)
    committed = made.commit(court.ledger)
    shown = made.openings[1]
    action = ac.PublishOpening(1, made.base, committed.commitments, shown)
    assert code_of(court, FAY, action) == "QuorumIncomplete"
    act(court, ANN, committed)
    for wrong in (
        replace(action, opening=replace(shown, score_wad=3)),
        replace(action, commitments=committed.commitments[:2]),
        replace(action, base="00" * 32),
    ):
        assert code_of(court, FAY, wrong) == "WrongOpenings"
    told = act(court, FAY, action)
    assert (told.evaluator, told.score_wad, told.salt) == (FAY.address, 2, SALT)
    assert code_of(court, FAY, action) == "AlreadyRevealed"


def test_who_does_not_open_in_time_is_shut_out_and_the_others_go_on(court: Bench):
    made = panel(court, 1, 1, 2, 3)
    committed = made.commit(court.ledger)
    act(court, ANN, committed)
    assert code_of(court, ANN, ac.ExpireRound(1)) == "RoundNotOver"
    for shown in made.openings[1:]:
        act(court, ANN, ac.PublishOpening(1, made.base, committed.commitments, shown))
    court.sleep(601)
    assert act(court, ANN, ac.ExpireRound(1)).withheld == 1  # Eva was named first
    eva = promise(court.ledger, 1, opening(EVA, 1), EVA)
    assert code_of(court, EVA, ac.CommitScores(1, (eva,))) == "ShutOut"
    again = Panel(1, ((FAY, 1), (GUS, 2), (IDA, 3)), word_of(court, 1))
    act(court, ANN, again.commit(court.ledger))
    assert court.ledger.send(again.reveal(), signer=ANN).events[-1].score_wad == 2


def test_a_new_metric_begins_the_round_anew_and_shuts_nobody_out(court: Bench):
    act(court, ANN, panel(court, 1, 1, 2, 3).commit(court.ledger))
    act(court, OWNER, ac.ProposeMetric("toy", "fit", "s", "minimise", 0, 9))
    act(court, OWNER, ac.Seal("toy", ROOT, "box"))
    act(court, OWNER, ac.ActivateMetric("toy", "fit"))
    court.sleep(601)
    assert code_of(court, ANN, ac.ExpireRound(1)) == "QuorumIncomplete"
    made = panel(court, 1, 7, 8, 9, version=1)
    act(court, ANN, made.commit(court.ledger))
    # By merit the smallest is best now: of 9, 8, 7 rising by merit the second.
    assert court.ledger.send(made.reveal(), signer=ANN).events[-1].score_wad == 8


# --- disputes -----------------------------------------------------------------------------------


def verdict(court: Bench, number: int, *who, upheld: bool, report: str = "again") -> ac.Decide:
    words = {"submissionId": number, "upheld": upheld, "reportCid": report}
    return ac.Decide(number, upheld, report, votes(court.ledger, "ledger", "Verdict", who, **words))


@pytest.fixture
def doubted(court: Bench) -> Bench:
    """Ann's record of 10, beaten by Ben's of 20, which Ann disputes."""
    judge(court, 1, 10, 10, 10)
    judge(court, offer(court, BEN), 20, 20, 20)
    court.give(ANN.address, BOND)
    act(court, ANN, ac.Dispute(2, "evidence", BOND))
    return court


def owed(bench: Bench, who) -> int:
    return int(bench.ledger.read("ledger", "owedTo", who.address))


def test_an_upheld_dispute_strikes_the_record_and_gives_the_bond_back(doubted: Bench):
    decided, struck = doubted.ledger.send(
        verdict(doubted, 2, EVA, FAY, GUS, upheld=True), signer=BEN
    ).events
    assert (decided.upheld, decided.bond_to, decided.bond_wei) == (True, ANN.address, BOND)
    assert (struck.was_head, struck.head_id, struck.head_score_wad) == (True, 1, 10)
    assert (owed(doubted, ANN), owed(doubted, BEN)) == (BOND, 0)
    assert act(doubted, ANN, ac.Withdraw("ledger")).amount_wei == BOND
    assert code_of(doubted, ANN, ac.Withdraw("ledger")) == "NothingOwed"


def test_an_unfounded_dispute_costs_its_bond_and_the_record_is_final(doubted: Bench):
    act(doubted, GUS, verdict(doubted, 2, EVA, FAY, GUS, upheld=False))
    assert (owed(doubted, ANN), owed(doubted, BEN)) == (0, BOND)
    doubted.give(ANN.address, BOND)
    assert code_of(doubted, ANN, ac.Dispute(2, "more", BOND)) == "NotDisputable"


def test_only_a_majority_of_the_unconcerned_decides(doubted: Bench):
    good = verdict(doubted, 2, EVA, FAY, GUS, upheld=True)
    for action, code in [
        (verdict(doubted, 2, EVA, FAY, upheld=True), "QuorumNeeded"),  # two of four
        (verdict(doubted, 2, EVA, FAY, JUDGE, upheld=True), "NotEvaluator"),
        (replace(good, votes=good.votes[::-1]), "VotesNotRising"),
        (replace(good, votes=good.votes[:1] * 3), "VotesNotRising"),
        (replace(good, upheld=False), "BadSignature"),
        (replace(good, report_cid="other"), "BadSignature"),
        (replace(good, report_cid=""), "BadCid"),
        (replace(good, submission_id=1), "NotContested"),
        (replace(good, submission_id=9), "UnknownSubmission"),
    ]:
        assert code_of(doubted, ANN, action) == code


def test_neither_author_nor_disputer_votes(court: Bench):
    number = offer(court, EVA)
    made = Panel(number, ((FAY, 5), (GUS, 5), (IDA, 5)), word_of(court, number))
    act(court, ANN, made.commit(court.ledger))
    court.ledger.send(made.reveal(), signer=ANN)
    court.give(FAY.address, BOND)
    act(court, FAY, ac.Dispute(number, "evidence", BOND))
    for who in (EVA, FAY):
        wrong = verdict(court, number, who, GUS, IDA, upheld=True)
        assert code_of(court, ANN, wrong) == "NotIndependent"
    # Two of the two who are left.
    assert court.ledger.send(verdict(court, number, GUS, IDA, upheld=True), signer=ANN).events


def test_a_record_is_disputed_within_its_window_for_its_bond(court: Bench):
    assert code_of(court, ANN, ac.Dispute(9, "e")) == "UnknownSubmission"
    assert code_of(court, ANN, ac.Dispute(1, "e")) == "NotDisputable"  # not judged yet
    judge(court, 1, 10, 10, 10)
    court.give(BEN.address, 2 * BOND)
    assert code_of(court, BEN, ac.Dispute(1, "", BOND)) == "BadCid"
    assert code_of(court, BEN, ac.Dispute(1, "e", BOND - 1)) == "WrongValue"
    court.sleep(2 * DAY)
    assert code_of(court, BEN, ac.Dispute(1, "e", BOND)) == "NotDisputable"


def test_a_vote_that_comes_to_nothing_leaves_the_record_and_the_bond(doubted: Bench):
    assert code_of(doubted, BEN, ac.Lapse(2)) == "VoteNotOver"
    assert code_of(doubted, BEN, ac.Lapse(1)) == "NotContested"
    doubted.sleep(2 * DAY + 1)
    late = verdict(doubted, 2, EVA, FAY, GUS, upheld=True)
    assert code_of(doubted, ANN, late) == "VoteOver"
    told = act(doubted, BEN, ac.Lapse(2))
    assert (told.upheld, told.bond_to) == (False, ANN.address)
    assert owed(doubted, ANN) == BOND


def test_scores_too_far_apart_are_voted_on(court: Bench):
    spread = judge(court, 1, 10, 13, 14)[-1]  # 4 apart, and the step's tolerance is 2
    assert isinstance(spread, ev.SpreadFound)
    assert (spread.score_wad, spread.spread_wad) == (13, 4)
    assert spread.vote_by == spread.time + 2 * DAY
    decided, scored = court.ledger.send(
        verdict(court, 1, EVA, FAY, GUS, upheld=False), signer=ANN
    ).events
    assert (decided.bond_to, decided.bond_wei) == (ANN.address, 0)
    assert (scored.score_wad, scored.is_record, scored.report_cid) == (13, True, "again")


def test_without_agreement_there_is_no_score(court: Bench):
    judge(court, 1, 10, 13, 14)
    court.sleep(2 * DAY + 1)
    decided, struck = court.ledger.send(ac.Lapse(1), signer=ANN).events
    assert (decided.upheld, decided.bond_to) == (True, NOBODY)
    assert (struck.was_head, struck.head_id) == (False, 0)


# --- new scores of heads ------------------------------------------------------------------------


def rescoring(bench: Bench, *who, score: int, because: int, old: int, changes: int = 0):
    words = {
        "stepKey": step_key("toy", "fit"),
        "headId": 1,
        "oldWad": old,
        "scoreWad": score,
        "because": because,
        "changes": changes,
    }
    cast = votes(bench.ledger, "ledger", "Rescore", who, **words)
    return ac.Rescore("toy", "fit", score, because, cast)


def test_a_head_is_rescored_by_a_quorum_naming_the_cause(court: Bench):
    quorum = EVA, FAY, GUS
    first = rescoring(court, *quorum, score=5, because=1, old=0)
    assert code_of(court, ANN, first) == "NoHead"
    judge(court, 1, 10, 10, 10)
    good = rescoring(court, *quorum, score=5, because=1, old=10)
    for action, code in [
        (first, "BadSignature"),  # signed for another head
        (rescoring(court, EVA, FAY, score=5, because=1, old=10), "QuorumNeeded"),
        (rescoring(court, *quorum, score=5, because=9, old=10), "UnknownSubmission"),
        (rescoring(court, *quorum, score=-(2**127), because=1, old=10), "ScoreOutOfRange"),
        (replace(good, step="none"), "UnknownStep"),
        (replace(good, score_wad=6), "BadSignature"),
    ]:
        assert code_of(court, ANN, action) == code
    told = act(court, ANN, good)
    assert isinstance(told, ev.HeadRescored)
    assert (told.old_wad, told.new_wad, told.because) == (10, 5, 1)
    act(court, ANN, rescoring(court, *quorum, score=10, because=1, old=5, changes=1))
    # The head has its old score again, and yet the votes that were cast are used up.
    assert code_of(court, ANN, good) == "BadSignature"


def test_what_follows_is_measured_against_the_new_score(court: Bench):
    judge(court, 1, 10, 10, 10)
    act(court, ANN, rescoring(court, EVA, FAY, GUS, score=5, because=1, old=10))
    later = judge(court, offer(court, BEN), 6, 6, 6)[-1]
    # 6 - 5 = 1 is not more than min_delta, which is 1
    assert (later.before_wad, later.improvement_wad, later.is_record) == (5, 1, False)


def test_a_stale_head_is_scored_anew_before_others_are_compared_with_it(bench: Bench):
    open_toy(bench)
    hand_in(bench, Work(OWNER))
    act(bench, JUDGE, ac.Score(1, 10, 0, "r"))
    act(bench, OWNER, ac.ProposeMetric("toy", "fit", "s", "minimise", 0, 0))
    act(bench, OWNER, ac.Seal("toy", ROOT, "box"))
    act(bench, OWNER, ac.ActivateMetric("toy", "fit"))
    number = offer(bench, ANN)
    assert code_of(bench, JUDGE, ac.Score(number, 2, 0, "r")) == "HeadIsStale"
    alone = rescoring(bench, JUDGE, score=3, because=1, old=10, changes=1)
    act(bench, ANN, alone)
    scored = act(bench, JUDGE, ac.Score(number, 2, 0, "r"))
    assert (scored.before_wad, scored.improvement_wad, scored.is_record) == (3, 1, True)

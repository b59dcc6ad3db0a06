"""The rules of registering, claiming, submitting and judging alone, the same on every ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.actions import Claim, RegisterChallenge, RegisterStep, Reject, Release, Score
from coopt_dag.ledger.artifact import CONTRACTS, contract
from coopt_dag.ledger.refusals import CODES
from coopt_dag.ledger.state import project

from .conftest import Bench
from .kit import ANN, BEN, DAY, JUDGE, OWNER, ROOT, WAD, act, code_of, hand_in, offer, open_toy
from .papers import NOBODY, Work


@pytest.fixture
def toy(bench: Bench) -> Bench:
    """A challenge with two steps; on `fit`, more is better, by more than half, two claims."""
    act(bench, OWNER, RegisterChallenge("toy", "m", (OWNER.address, JUDGE.address)))
    act(bench, OWNER, RegisterStep("toy", "fit", "s", "maximise", WAD // 2, 0, 2))
    act(bench, OWNER, RegisterStep("toy", "loss", "s", "minimise", 0))
    return bench


@pytest.fixture
def headed(toy: Bench) -> Bench:
    """The same, with the owner's baseline of `fit` at 1."""
    hand_in(toy, Work(OWNER, cid="base"))
    act(toy, OWNER, Score(1, WAD, 7, "r"))
    return toy


def test_every_custom_error_of_the_contracts_has_a_text():
    named = {e["name"] for home in CONTRACTS for e in contract(home)["abi"] if e["type"] == "error"}
    assert named - set(CODES) == set()


def test_events_are_numbered_without_gaps_and_can_be_read_from_any_place(headed: Bench):
    events = headed.ledger.events()
    # 1 challenge, 2 steps, commitment, reveal, score
    assert [e.seq for e in events] == list(range(6))
    assert headed.ledger.events(after=2) == events[3:]
    assert headed.ledger.events(after=99) == []


def test_a_receipt_has_the_event_with_its_sender_time_and_block(toy: Bench):
    receipt = toy.ledger.send(Claim("toy", "fit", 600), signer=ANN)
    (event,) = receipt.events
    assert isinstance(event, ev.Claimed)
    assert (event.actor, event.tx_hash, event.block) == (
        *(ANN.address, receipt.tx_hash),
        receipt.block,
    )
    assert event.expires_at == event.time + 600
    assert toy.ledger.head().height >= receipt.block
    # An event's time is its block's: nothing else lets a verifier replay a lease.
    assert toy.ledger.head().time == event.time or toy.ledger.head().height > receipt.block


# --- registering --------------------------------------------------------------------------------


def test_only_the_owner_adds_steps(toy: Bench):
    assert code_of(toy, JUDGE, RegisterStep("toy", "more", "s", "maximise", 0)) == "NotOwner"
    assert code_of(toy, OWNER, RegisterStep("no", "x", "s", "maximise", 0)) == "UnknownChallenge"
    assert code_of(toy, OWNER, RegisterStep("toy", "fit", "s", "maximise", 0)) == "StepExists"
    event = act(toy, OWNER, RegisterStep("toy", "more", "s", "maximise", 5, 6, 7))
    assert (event.min_delta_wad, event.tolerance_wad, event.claim_cap) == (5, 6, 7)


def test_a_challenge_is_registered_once_with_its_rules(toy: Bench):
    one = (ANN.address,)
    assert code_of(toy, ANN, RegisterChallenge("toy", "m", one)) == "ChallengeExists"
    rules = {"slots": 1, "quorum": 1, "reveal_s": 60, "dispute_s": 9, "bond_wei": 8, "pot": 7}
    event = act(toy, ANN, RegisterChallenge("other", "m", one, closes_at=5, **rules))
    assert {name: getattr(event, name) for name in rules} == rules
    assert (event.closes_at, event.evaluators, event.manifest_cid) == (5, one, "m")


@pytest.mark.parametrize(
    ("evaluators", "rules", "code"),
    [
        ((), {}, "NoEvaluators"),
        ((NOBODY,), {}, "BadEvaluator"),
        ((ANN.address, ANN.address), {}, "BadEvaluator"),
        (tuple(f"0x{n:040x}" for n in range(1, 18)), {}, "TooManyEvaluators"),
        ((ANN.address,), {"quorum": 0}, "BadQuorum"),
        ((ANN.address,), {"quorum": 2}, "BadQuorum"),
        ((ANN.address,), {"reveal_s": 59}, "BadWindow"),
        ((ANN.address,), {"reveal_s": 30 * DAY + 1}, "BadWindow"),
        ((ANN.address,), {"dispute_s": 30 * DAY + 1}, "BadWindow"),
    ],
)
def test_rules_that_nobody_could_live_with_are_refused(bench: Bench, evaluators, rules, code):
    assert code_of(bench, OWNER, RegisterChallenge("toy", "m", evaluators, **rules)) == code


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "ä", "a" * 49, "a b", "_a", "a\n"])
def test_a_name_that_is_no_slug_is_refused(toy: Bench, name: str):
    assert code_of(toy, ANN, RegisterChallenge(name, "m", (ANN.address,))) == "BadName"
    assert code_of(toy, OWNER, RegisterStep("toy", name, "s", "maximise", 0)) == "BadName"


def test_the_longest_name_is_accepted(toy: Bench):
    name = "a" + "_9" * 23 + "z"  # 48 letters
    assert act(toy, ANN, RegisterChallenge(name, "m", (ANN.address,))).challenge == name


def test_evaluators_come_and_go_after_a_week(toy: Bench):
    offered = offer(toy, ANN)
    assert code_of(toy, ANN, ac.AddEvaluator("toy", BEN.address)) == "NotOwner"
    assert code_of(toy, OWNER, ac.AddEvaluator("toy", JUDGE.address)) == "BadEvaluator"
    assert code_of(toy, OWNER, ac.RetireEvaluator("toy", BEN.address)) == "BadEvaluator"
    added = act(toy, OWNER, ac.AddEvaluator("toy", BEN.address))
    gone = act(toy, OWNER, ac.RetireEvaluator("toy", JUDGE.address))
    assert (added.since - added.time, gone.until - gone.time) == (7 * DAY, 7 * DAY)
    assert code_of(toy, OWNER, ac.RetireEvaluator("toy", JUDGE.address)) == "BadEvaluator"
    assert code_of(toy, BEN, Score(offered, 1, 1, "r")) == "NotEvaluator"
    toy.sleep(7 * DAY)
    assert code_of(toy, JUDGE, Score(offered, 1, 1, "r")) == "NotEvaluator"
    assert act(toy, BEN, Score(offered, 1, 1, "r")).is_record


# --- claims -------------------------------------------------------------------------------------


def test_a_claim_ends_by_itself_and_frees_its_slot_even_on_a_quiet_ledger(toy: Bench):
    act(toy, ANN, Claim("toy", "fit", 60))
    act(toy, BEN, Claim("toy", "fit", 3600))
    assert code_of(toy, JUDGE, Claim("toy", "fit", 60)) == "ClaimsFull"
    toy.sleep(61)
    act(toy, JUDGE, Claim("toy", "fit", 60))
    toy.sleep(60)
    assert act(toy, OWNER, Claim("toy", "fit", 60))


def test_a_claim_that_ended_admits_no_submission(toy: Bench):
    act(toy, ANN, Claim("toy", "fit", 60))
    toy.sleep(61)
    assert code_of(toy, ANN, Work(ANN).commit()) == "NoLiveClaim"
    assert code_of(toy, ANN, Release("toy", "fit")) == "NoLiveClaim"


def test_renewing_takes_no_second_slot(toy: Bench):
    first = act(toy, ANN, Claim("toy", "fit", 60)).expires_at
    assert act(toy, ANN, Claim("toy", "fit", 600)).expires_at > first
    act(toy, BEN, Claim("toy", "fit", 60))
    assert code_of(toy, JUDGE, Claim("toy", "fit", 60)) == "ClaimsFull"


def test_who_held_a_capped_step_and_delivered_nothing_leaves_it_for_as_long(toy: Bench):
    act(toy, ANN, Claim("toy", "fit", 600))
    toy.sleep(100)
    act(toy, ANN, Release("toy", "fit"))  # held for about 100 s
    assert code_of(toy, ANN, Claim("toy", "fit", 60)) == "CoolingDown"
    act(toy, BEN, Claim("toy", "fit", 60))  # another may
    toy.sleep(120)
    assert act(toy, ANN, Claim("toy", "fit", 60))


def test_without_a_delivery_a_capped_step_is_held_for_thirty_days_in_all(toy: Bench):
    act(toy, ANN, Claim("toy", "fit", 30 * DAY))
    toy.sleep(DAY)
    assert code_of(toy, ANN, Claim("toy", "fit", 30 * DAY)) == "HeldTooLong"
    act(toy, ANN, Work(ANN).commit())
    assert act(toy, ANN, Claim("toy", "fit", 30 * DAY))


def test_a_released_slot_can_be_taken_by_another(toy: Bench):
    for who in (ANN, BEN):
        act(toy, who, Claim("toy", "fit", 600))
    event = act(toy, ANN, Release("toy", "fit"))
    assert isinstance(event, ev.Released)
    act(toy, JUDGE, Claim("toy", "fit", 600))


@pytest.mark.parametrize("seconds", [0, 59, 30 * DAY + 1])
def test_a_lease_shorter_than_a_minute_or_longer_than_thirty_days_is_refused(
    toy: Bench, seconds: int
):
    assert code_of(toy, ANN, Claim("toy", "fit", seconds)) == "BadDuration"
    assert code_of(toy, ANN, Claim("toy", "none", 60)) == "UnknownStep"
    assert code_of(toy, ANN, Release("toy", "none")) == "UnknownStep"


# --- commit and reveal --------------------------------------------------------------------------


def test_only_the_owners_first_submission_needs_no_claim(toy: Bench):
    assert code_of(toy, ANN, Work(ANN).commit()) == "NoLiveClaim"
    assert code_of(toy, ANN, Work(ANN, step="none").commit()) == "UnknownStep"
    assert act(toy, OWNER, Work(OWNER).commit()).submission_id == 1
    assert code_of(toy, OWNER, Work(OWNER).commit()) == "NoLiveClaim"
    assert act(toy, OWNER, Work(OWNER, step="loss").commit()).submission_id == 2


def test_a_commitment_is_opened_by_its_author_with_the_same_words_once(toy: Bench):
    act(toy, ANN, Claim("toy", "fit", 600))
    work = Work(ANN, cid="solution")
    assert code_of(toy, ANN, replace(work.commit(), commitment="0" * 64)) == "BadCommitment"
    event = act(toy, ANN, work.commit())
    assert (event.submission_id, event.commitment) == (1, work.commit().commitment)
    assert event.reveal_by == event.time + DAY
    for other in (
        replace(work, cid="x"),
        replace(work, salt="00" * 32),
        replace(work, parents=(1,)),
    ):
        assert code_of(toy, ANN, other.reveal(1)) == "BadOpening"
    assert code_of(toy, BEN, work.reveal(1)) == "NotContributor"
    assert code_of(toy, ANN, work.reveal(2)) == "UnknownSubmission"
    assert code_of(toy, JUDGE, Score(1, 1, 1, "r")) == "UnknownSubmission"  # nothing to judge yet
    shown = act(toy, ANN, work.reveal(1))
    assert isinstance(shown, ev.Submitted)
    assert (shown.submission_id, shown.solution_cid, shown.parents) == (1, "solution", ())
    assert code_of(toy, ANN, work.reveal(1)) == "AlreadyRevealed"


def test_who_copies_a_reveal_has_no_commitment_to_reveal_it_under(toy: Bench):
    number = offer(toy, ANN)
    act(toy, BEN, Claim("toy", "fit", 600))
    copied = Work(ANN).commit()  # Ann's own words, taken from her reveal
    second = act(toy, BEN, copied).submission_id
    assert second > number
    assert code_of(toy, BEN, Work(ANN).reveal(second)) == "BadOpening"


def test_a_reveal_comes_until_its_end_and_not_after(bench: Bench):
    open_toy(bench, reveal_s=60)
    act(bench, OWNER, Work(OWNER).commit())
    bench.sleep(61)
    assert code_of(bench, OWNER, Work(OWNER).reveal(1)) == "RevealTooLate"


def test_parents_are_revealed_submissions_of_the_same_challenge_each_once(headed: Bench):
    act(headed, OWNER, RegisterChallenge("other", "m", (OWNER.address,)))
    act(headed, OWNER, RegisterStep("other", "fit", "s", "maximise", 0))
    hand_in(headed, Work(OWNER, "other"))  # number 2
    act(headed, ANN, Claim("toy", "fit", 600))
    for number, (parents, code) in enumerate(
        [
            ((2,), "UnknownParent"),  # of another challenge
            ((4,), "UnknownParent"),  # itself
            ((3,), "UnknownParent"),  # not revealed
            ((99,), "UnknownParent"),
            ((1, 1), "ParentsNotRising"),
            ((0,), "ParentsNotRising"),
            (tuple(range(1, 66)), "TooManyParents"),
        ],
        start=3,
    ):
        work = Work(ANN, parents=parents)
        act(headed, ANN, work.commit())
        assert code_of(headed, ANN, work.reveal(number)) == code
    assert hand_in(headed, Work(ANN, parents=(1,))) == 10
    assert headed.ledger.events()[-1].parents == (1,)


def test_text_of_any_script_survives(headed: Bench):
    cid = "Übung-試行-😀"
    offer(headed, ANN, cid=cid)
    assert headed.ledger.events()[-1].solution_cid == cid


@pytest.mark.parametrize("cid", ["", "c" * 129])
def test_a_content_identifier_has_1_to_128_bytes(headed: Bench, cid: str):
    act(headed, ANN, Claim("toy", "fit", 600))
    work = Work(ANN, cid=cid)
    number = act(headed, ANN, work.commit()).submission_id
    assert code_of(headed, ANN, work.reveal(number)) == "BadCid"
    assert code_of(headed, ANN, RegisterChallenge("more", cid, (ANN.address,))) == "BadCid"
    assert code_of(headed, OWNER, RegisterStep("toy", "more", cid, "maximise", 0)) == "BadCid"


def test_a_contributor_has_so_many_slots_for_each_step(bench: Bench):
    open_toy(bench, slots=2)
    for number in (1, 2):
        assert offer(bench, ANN) == number
    assert code_of(bench, ANN, Work(ANN).commit()) == "NoSlotLeft"
    offer(bench, BEN)
    offer(bench, ANN, step="loss")
    state = project(bench.ledger.events())
    assert state.slots_left("toy", "fit", ANN.address) == 0
    assert state.slots_left("toy", "fit", BEN.address) == 1


def test_a_rejected_submission_has_used_its_slot_and_the_owners_baseline_uses_none(bench: Bench):
    open_toy(bench, slots=1)
    hand_in(bench, Work(OWNER))
    act(bench, JUDGE, Reject(offer(bench, ANN), "crashed", "r"))
    assert code_of(bench, ANN, Work(ANN).commit()) == "NoSlotLeft"
    offer(bench, OWNER)
    assert code_of(bench, OWNER, Work(OWNER).commit()) == "NoSlotLeft"


def test_a_new_seal_frees_all_slots(bench: Bench):
    open_toy(bench, slots=1)
    offer(bench, ANN)
    act(bench, OWNER, ac.Seal("toy", ROOT, "box"))
    offer(bench, ANN)
    assert code_of(bench, ANN, Work(ANN).commit()) == "NoSlotLeft"


def test_nothing_can_be_committed_from_the_deadline_on_but_the_owners_baselines(bench: Bench):
    open_toy(bench, closes_in=300)
    early = offer(bench, ANN)
    bench.sleep(300)
    assert code_of(bench, ANN, Work(ANN).commit()) == "SubmissionsClosed"
    assert hand_in(bench, Work(OWNER, step="loss")) == 2
    assert act(bench, JUDGE, Score(early, 2 * WAD, 0, "r")).is_record  # judging may come later


# --- judging alone ------------------------------------------------------------------------------


def test_the_first_score_sets_the_head_with_no_improvement(headed: Bench):
    event = headed.ledger.events()[-1]
    assert isinstance(event, ev.Scored)
    assert (event.before_wad, event.improvement_wad, event.is_record) == (None, 0, True)
    head = project(headed.ledger.events()).head("toy", "fit")
    assert head is not None
    assert (head.submission_id, head.solution_cid, head.score_wad) == (1, "base", WAD)


@pytest.mark.parametrize(
    ("gain", "record"),
    [(WAD // 2, False), (WAD // 2 + 1, True), (0, False), (-WAD, False)],
)
def test_a_record_beats_the_head_by_more_than_min_delta(headed: Bench, gain: int, record: bool):
    number = offer(headed, ANN)
    event = act(headed, JUDGE, Score(number, WAD + gain, 9, "r"))
    assert (event.before_wad, event.improvement_wad, event.is_record) == (WAD, gain, record)
    state = project(headed.ledger.events())
    assert state.head("toy", "fit").submission_id == (number if record else 1)
    assert state.submissions[number].status == ("record" if record else "no_gain")


def test_where_less_is_better_a_smaller_score_improves_even_below_zero(toy: Bench):
    hand_in(toy, Work(OWNER, step="loss"))
    act(toy, OWNER, Score(1, 3, 0, "r"))
    number = offer(toy, ANN, step="loss")
    event = act(toy, JUDGE, Score(number, -4, -1, "r"))
    # minimise: 3 - (-4) = 7
    assert (event.improvement_wad, event.is_record, event.e2e_score_wad) == (7, True, -1)


def test_only_evaluators_judge_and_each_submission_once(headed: Bench):
    number = offer(headed, ANN)
    assert code_of(headed, BEN, Score(number, 1, 1, "r")) == "NotEvaluator"
    assert code_of(headed, BEN, Reject(number, "crashed", "r")) == "NotEvaluator"
    assert code_of(headed, JUDGE, Score(99, 1, 1, "r")) == "UnknownSubmission"
    act(headed, JUDGE, Reject(number, "crashed", "r"))
    assert code_of(headed, JUDGE, Score(number, 1, 1, "r")) == "AlreadyJudged"
    assert code_of(headed, JUDGE, Reject(1, "crashed", "r")) == "AlreadyJudged"


def test_an_evaluator_scores_its_own_baseline_but_never_its_own_rival(headed: Bench):
    number = offer(headed, JUDGE)
    assert code_of(headed, JUDGE, Score(number, 9 * WAD, 0, "r")) == "NotIndependent"
    assert act(headed, OWNER, Score(number, 9 * WAD, 0, "r")).is_record


def test_scores_have_a_negative(headed: Bench):
    number, edge = offer(headed, ANN), 2**127 - 1
    for score in (Score(number, -edge - 1, 0, "r"), Score(number, 0, -edge - 1, "r")):
        assert code_of(headed, JUDGE, score) == "ScoreOutOfRange"
    assert code_of(headed, JUDGE, Score(number, edge + 1, 0, "r")) == "DoesNotFit"
    event = act(headed, JUDGE, Score(number, -edge, edge, "r"))
    assert event.improvement_wad == -edge - WAD


@pytest.mark.parametrize("reason", ["", "x" * 32, "é" * 16])  # 16 of 2 bytes
def test_a_reason_has_one_to_31_bytes(headed: Bench, reason: str):
    assert code_of(headed, JUDGE, Reject(offer(headed, ANN), reason, "r")) == "BadReason"


def test_a_rejected_submission_keeps_its_reason_and_leaves_the_pending_list(headed: Bench):
    first, second = offer(headed, ANN), offer(headed, BEN)
    event = act(headed, JUDGE, Reject(first, "crashed", "r"))
    assert isinstance(event, ev.Rejected)
    assert (event.contributor, event.challenge, event.step) == (ANN.address, "toy", "fit")
    state = project(headed.ledger.events())
    assert [s.id for s in state.pending] == [second]
    assert state.submissions[first].reason == "crashed"


# --- hidden data and metrics --------------------------------------------------------------------


def test_seals_count_epochs_and_only_the_owner_makes_and_opens_them(toy: Bench):
    first = act(toy, OWNER, ac.Seal("toy", ROOT, "box"))
    second = act(toy, OWNER, ac.Seal("toy", "cd" * 32, "box 2"))
    assert isinstance(first, ev.Sealed)
    assert (first.epoch, first.root, first.sealed_cid) == (1, ROOT, "box")
    assert second.epoch == 2
    for who in (ANN, JUDGE):
        assert code_of(toy, who, ac.Seal("toy", ROOT, "box")) == "NotOwner"
        assert code_of(toy, who, ac.Unseal("toy", 1, "keys")) == "NotOwner"
    assert code_of(toy, OWNER, ac.Seal("none", ROOT, "box")) == "UnknownChallenge"
    assert code_of(toy, OWNER, ac.Seal("toy", "0" * 64, "box")) == "BadRoot"
    assert code_of(toy, OWNER, ac.Seal("toy", ROOT, "")) == "BadCid"


def test_an_epoch_is_opened_once(toy: Bench):
    act(toy, OWNER, ac.Seal("toy", ROOT, "box"))
    for epoch in (0, 2):
        assert code_of(toy, OWNER, ac.Unseal("toy", epoch, "keys")) == "UnknownEpoch"
    assert code_of(toy, OWNER, ac.Unseal("toy", 1, "")) == "BadCid"
    event = act(toy, OWNER, ac.Unseal("toy", 1, "keys"))
    assert isinstance(event, ev.Unsealed)
    assert (event.epoch, event.keys_cid) == (1, "keys")
    assert code_of(toy, OWNER, ac.Unseal("toy", 1, "other")) == "AlreadyUnsealed"


def test_while_the_hidden_data_are_public_nobody_commits_and_a_new_seal_goes_on(bench: Bench):
    open_toy(bench)
    act(bench, OWNER, ac.Seal("toy", ROOT, "box"))
    offer(bench, ANN)
    act(bench, OWNER, ac.Unseal("toy", 1, "keys"))
    assert code_of(bench, ANN, Work(ANN).commit()) == "SubmissionsClosed"
    act(bench, OWNER, ac.Seal("toy", "cd" * 32, "box"))
    assert offer(bench, ANN) == 2


def test_a_metric_changes_in_a_later_epoch_than_that_of_its_notice(headed: Bench):
    proposal = ac.ProposeMetric("toy", "fit", "spec 2", "minimise", 5, 6)
    activation = ac.ActivateMetric("toy", "fit")
    assert code_of(headed, ANN, proposal) == "NotOwner"
    assert code_of(headed, OWNER, replace(proposal, spec_cid="")) == "BadCid"
    assert code_of(headed, OWNER, replace(proposal, step="none")) == "UnknownStep"
    assert code_of(headed, OWNER, activation) == "NoProposal"
    act(headed, OWNER, proposal)
    assert code_of(headed, OWNER, activation) == "NotYet"
    act(headed, OWNER, ac.Seal("toy", ROOT, "box"))
    assert act(headed, OWNER, activation).metric_version == 1
    # Nothing can be compared with the baseline's 1, which was of another metric.
    number = offer(headed, ANN)
    assert code_of(headed, JUDGE, Score(number, 0, 0, "r")) == "HeadIsStale"

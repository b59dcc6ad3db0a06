"""The rules of the ledger, the same on every adapter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coopt_dag.errors import LedgerRefusedError
from coopt_dag.ledger.actions import (
    Action,
    Anchor,
    Claim,
    RegisterChallenge,
    RegisterStep,
    Reject,
    Release,
    Rescore,
    Score,
    Seal,
    Submit,
    Unseal,
)
from coopt_dag.ledger.events import (
    Anchored,
    Claimed,
    HeadRescored,
    Rejected,
    Scored,
    Sealed,
    Submitted,
    Unsealed,
)
from coopt_dag.ledger.state import project

from .conftest import Bench, person

OWNER, JUDGE, ANN, BEN = person(1), person(2), person(3), person(4)
WAD = 10**18


def act(bench: Bench, who, action: Action):
    """Send, and give the one event that each action leaves."""
    (event,) = bench.ledger.send(action, signer=who).events
    return event


def code_of(bench: Bench, who, action: Action) -> str:
    """Send what must be refused, and give the rule's name; nothing may be recorded."""
    before = bench.ledger.events()
    with pytest.raises(LedgerRefusedError) as refusal:
        bench.ledger.send(action, signer=who)
    assert bench.ledger.events() == before
    assert refusal.value.hint
    return refusal.value.code


@pytest.fixture
def toy(bench: Bench) -> Bench:
    """A challenge with two steps; on `fit`, more is better, by more than half, two claims."""
    act(bench, OWNER, RegisterChallenge("toy", "m", (OWNER.address, JUDGE.address)))
    act(bench, OWNER, RegisterStep("toy", "fit", "s", "maximise", WAD // 2, 2))
    act(bench, OWNER, RegisterStep("toy", "loss", "s", "minimise", 0, 0))
    return bench


@pytest.fixture
def headed(toy: Bench) -> Bench:
    """The same, with the owner's baseline of `fit` at 1."""
    act(toy, OWNER, Submit("toy", "fit", "base", ()))
    act(toy, OWNER, Score(1, WAD, 7, "r"))
    return toy


def offer(bench: Bench, who, *, step: str = "fit", parents: tuple[int, ...] = ()) -> int:
    act(bench, who, Claim("toy", step, 600))
    return act(bench, who, Submit("toy", step, "c", parents)).submission_id


def test_events_are_numbered_without_gaps_and_can_be_read_from_any_place(headed: Bench):
    events = headed.ledger.events()
    assert [e.seq for e in events] == list(range(5))  # 1 challenge, 2 steps, 1 offer, 1 score
    assert headed.ledger.events(after=2) == events[3:]
    assert headed.ledger.events(after=99) == []


def test_a_receipt_has_the_event_with_its_sender_time_and_block(toy: Bench):
    receipt = toy.ledger.send(Claim("toy", "fit", 600), signer=ANN)
    (event,) = receipt.events
    assert isinstance(event, Claimed)
    assert (event.actor, event.tx_hash, event.block) == (
        ANN.address,
        receipt.tx_hash,
        receipt.block,
    )
    assert event.expires_at == event.time + 600
    assert toy.ledger.head().height >= receipt.block
    # An event's time is its block's: nothing else lets a verifier replay a lease.
    assert toy.ledger.head().time == event.time or toy.ledger.head().height > receipt.block


def test_only_the_owner_adds_steps(toy: Bench):
    more = RegisterStep("toy", "more", "s", "maximise", 0, 0)
    assert code_of(toy, JUDGE, more) == "NotOwner"
    assert code_of(toy, OWNER, RegisterStep("no", "x", "s", "maximise", 0)) == "UnknownChallenge"
    assert code_of(toy, OWNER, RegisterStep("toy", "fit", "s", "maximise", 0)) == "StepExists"


def test_a_challenge_is_registered_once_with_evaluators(toy: Bench):
    one = (ANN.address,)
    assert code_of(toy, ANN, RegisterChallenge("toy", "m", one)) == "ChallengeExists"
    assert code_of(toy, ANN, RegisterChallenge("new", "m", ())) == "NoEvaluators"
    assert code_of(toy, ANN, RegisterChallenge("new", "", one)) == "BadCid"
    assert code_of(toy, ANN, RegisterChallenge("new", "m" * 129, one)) == "BadCid"
    nobody = ("0x" + "0" * 40,)
    assert code_of(toy, ANN, RegisterChallenge("new", "m", nobody)) == "BadEvaluator"


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "ä", "a" * 49, "a b", "_a", "a\n"])
def test_a_name_that_is_no_slug_is_refused(toy: Bench, name: str):
    assert code_of(toy, ANN, RegisterChallenge(name, "m", (ANN.address,))) == "BadName"


def test_the_longest_name_is_accepted(toy: Bench):
    name = "a" + "_9" * 23 + "z"  # 48 letters
    assert act(toy, ANN, RegisterChallenge(name, "m", (ANN.address,))).challenge == name


def test_a_claim_ends_by_itself_and_frees_its_slot_even_on_a_quiet_ledger(toy: Bench):
    act(toy, ANN, Claim("toy", "fit", 60))
    act(toy, BEN, Claim("toy", "fit", 3600))
    assert code_of(toy, JUDGE, Claim("toy", "fit", 60)) == "ClaimsFull"
    toy.sleep(61)
    act(toy, JUDGE, Claim("toy", "fit", 60))
    assert code_of(toy, ANN, Claim("toy", "fit", 60)) == "ClaimsFull"


def test_a_claim_that_ended_admits_no_submission(toy: Bench):
    act(toy, ANN, Claim("toy", "fit", 60))
    toy.sleep(61)
    assert code_of(toy, ANN, Submit("toy", "fit", "c", ())) == "NoLiveClaim"
    assert code_of(toy, ANN, Release("toy", "fit")) == "NoLiveClaim"


def test_renewing_takes_no_second_slot(toy: Bench):
    first = act(toy, ANN, Claim("toy", "fit", 60)).expires_at
    assert act(toy, ANN, Claim("toy", "fit", 600)).expires_at > first
    act(toy, BEN, Claim("toy", "fit", 60))
    assert code_of(toy, JUDGE, Claim("toy", "fit", 60)) == "ClaimsFull"


def test_a_released_slot_can_be_taken_by_another_and_by_oneself(toy: Bench):
    for who in (ANN, BEN):
        act(toy, who, Claim("toy", "fit", 600))
    act(toy, ANN, Release("toy", "fit"))
    act(toy, ANN, Claim("toy", "fit", 600))
    assert code_of(toy, JUDGE, Claim("toy", "fit", 60)) == "ClaimsFull"
    act(toy, ANN, Release("toy", "fit"))
    act(toy, JUDGE, Claim("toy", "fit", 600))


@pytest.mark.parametrize("seconds", [0, 59, 30 * 86_400 + 1])
def test_a_lease_shorter_than_a_minute_or_longer_than_thirty_days_is_refused(
    toy: Bench, seconds: int
):
    assert code_of(toy, ANN, Claim("toy", "fit", seconds)) == "BadDuration"
    assert code_of(toy, ANN, Claim("toy", "none", 60)) == "UnknownStep"


def test_only_the_owners_first_submission_needs_no_claim(toy: Bench):
    assert code_of(toy, ANN, Submit("toy", "fit", "c", ())) == "NoLiveClaim"
    assert act(toy, OWNER, Submit("toy", "fit", "c", ())).submission_id == 1
    assert code_of(toy, OWNER, Submit("toy", "fit", "c", ())) == "NoLiveClaim"
    assert act(toy, OWNER, Submit("toy", "loss", "c", ())).submission_id == 2


def test_parents_are_earlier_submissions_of_the_same_challenge_each_once(headed: Bench):
    act(headed, OWNER, RegisterChallenge("other", "m", (OWNER.address,)))
    act(headed, OWNER, RegisterStep("other", "fit", "s", "maximise", 0, 0))
    act(headed, OWNER, Submit("other", "fit", "c", ()))  # number 2
    act(headed, ANN, Claim("toy", "fit", 600))
    for parents, code in [
        ((2,), "UnknownParent"),
        ((3,), "UnknownParent"),
        ((1, 1), "ParentsNotRising"),
        ((0,), "ParentsNotRising"),
        (tuple(range(1, 66)), "TooManyParents"),
    ]:
        assert code_of(headed, ANN, Submit("toy", "fit", "c", parents)) == code
    event = act(headed, ANN, Submit("toy", "fit", "c", (1,)))
    assert isinstance(event, Submitted)
    assert (event.submission_id, event.parents) == (3, (1,))


def test_the_first_score_sets_the_head_with_no_improvement(headed: Bench):
    event = headed.ledger.events()[-1]
    assert isinstance(event, Scored)
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
    act(toy, OWNER, Submit("toy", "loss", "c", ()))
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


def test_scores_lie_within_half_of_int256(headed: Bench):
    number, edge = offer(headed, ANN), (2**255 - 1) // 2
    for score in (Score(number, edge + 1, 0, "r"), Score(number, 0, -edge - 1, "r")):
        assert code_of(headed, JUDGE, score) == "ScoreOutOfRange"
    event = act(headed, JUDGE, Score(number, -edge, edge, "r"))
    assert event.improvement_wad == -edge - WAD


@pytest.mark.parametrize("reason", ["", "x" * 32, "é" * 16])  # 16 of 2 bytes
def test_a_reason_has_one_to_31_bytes(headed: Bench, reason: str):
    assert code_of(headed, JUDGE, Reject(offer(headed, ANN), reason, "r")) == "BadReason"


def test_a_rejected_submission_keeps_its_reason_and_leaves_the_pending_list(headed: Bench):
    first, second = offer(headed, ANN), offer(headed, BEN)
    event = act(headed, JUDGE, Reject(first, "crashed", "r"))
    assert isinstance(event, Rejected)
    assert (event.contributor, event.challenge, event.step) == (ANN.address, "toy", "fit")
    state = project(headed.ledger.events())
    assert [s.id for s in state.pending] == [second]
    assert state.submissions[first].reason == "crashed"


def test_a_head_is_rescored_by_evaluators_naming_the_cause(headed: Bench):
    assert code_of(headed, ANN, Rescore("toy", "fit", 5, 1)) == "NotEvaluator"
    assert code_of(headed, JUDGE, Rescore("toy", "loss", 5, 1)) == "NoHead"
    assert code_of(headed, JUDGE, Rescore("toy", "fit", 5, 9)) == "UnknownSubmission"
    event = act(headed, JUDGE, Rescore("toy", "fit", 5, 1))
    assert isinstance(event, HeadRescored)
    assert (event.old_wad, event.new_wad, event.because) == (WAD, 5, 1)
    # What follows is measured against the new score: 6 - 5 is less than min_delta.
    later = act(headed, JUDGE, Score(offer(headed, ANN), 6, 0, "r"))
    assert (later.before_wad, later.improvement_wad, later.is_record) == (5, 1, False)


def test_anybody_anchors_a_root_and_the_event_says_who(toy: Bench):
    receipt = toy.ledger.send(Anchor("toy", "v1", "root"), signer=ANN)
    (event,) = receipt.events
    assert isinstance(event, Anchored)
    assert (event.actor, event.challenge, event.revision, event.root_cid) == (
        *(ANN.address, "toy", "v1", "root"),
    )
    (entry,) = project(toy.ledger.events()).anchors["toy"]
    assert (entry.who, entry.revision, entry.root_cid) == (ANN.address, "v1", "root")
    assert (entry.time, entry.tx_hash) == (event.time, receipt.tx_hash)


@pytest.mark.parametrize("revision", ["", "x" * 65, "é" * 33])  # 33 of 2 bytes
def test_a_revision_has_one_to_64_bytes(toy: Bench, revision: str):
    assert code_of(toy, ANN, Anchor("toy", revision, "root")) == "BadRevision"
    assert act(toy, ANN, Anchor("toy", "é" * 32, "root")).revision == "é" * 32


def test_an_anchor_needs_a_challenge_and_a_cid(toy: Bench):
    assert code_of(toy, ANN, Anchor("none", "v1", "root")) == "UnknownChallenge"
    assert code_of(toy, ANN, Anchor("toy", "v1", "")) == "BadCid"
    assert code_of(toy, ANN, Anchor("toy", "v1", "c" * 129)) == "BadCid"


def test_only_the_owner_and_evaluators_anchor_officially_and_the_latest_counts(toy: Bench):
    for who, revision, root in [
        *((OWNER, "v1", "one"), (JUDGE, "v2", "two"), (JUDGE, "v2", "two again")),
        (ANN, "v2", "forged"),
    ]:
        act(toy, who, Anchor("toy", revision, root))
    state = project(toy.ledger.events())
    assert len(state.anchors["toy"]) == 4
    assert state.official_anchor("toy").root_cid == "two again"
    assert state.official_anchor("toy", "v1").root_cid == "one"
    assert state.official_anchor("toy", "v3") is None
    assert state.official_anchor("none") is None


def test_text_of_any_script_survives(headed: Bench):
    act(headed, ANN, Claim("toy", "fit", 600))
    cid = "Übung-試行-😀"
    assert act(headed, ANN, Submit("toy", "fit", cid, ())).solution_cid == cid


ROOT = "ab" * 32


def open_toy(bench: Bench, *, slots: int = 0, closes_in: int | None = None) -> None:
    """A challenge with a scored baseline under these rules."""
    closes_at = 0 if closes_in is None else bench.clock.now + closes_in
    judges = (OWNER.address, JUDGE.address)
    act(bench, OWNER, RegisterChallenge("toy", "m", judges, slots=slots, closes_at=closes_at))
    act(bench, OWNER, RegisterStep("toy", "fit", "s", "maximise", 0, 0))
    act(bench, OWNER, RegisterStep("toy", "loss", "s", "minimise", 0, 0))
    act(bench, OWNER, Submit("toy", "fit", "base", ()))
    act(bench, OWNER, Score(1, WAD, 7, "r"))


def test_a_contributor_has_so_many_slots_for_each_step(bench: Bench):
    open_toy(bench, slots=2)
    for number in (2, 3):
        assert offer(bench, ANN) == number
    assert code_of(bench, ANN, Submit("toy", "fit", "c", ())) == "NoSlotLeft"
    offer(bench, BEN)
    offer(bench, ANN, step="loss")
    state = project(bench.ledger.events())
    assert state.slots_left("toy", "fit", ANN.address) == 0
    assert state.slots_left("toy", "fit", BEN.address) == 1
    assert all(state.broken_rule(s) is None for s in state.submissions.values())


def test_a_rejected_submission_has_used_its_slot_and_the_owners_baseline_uses_none(bench: Bench):
    open_toy(bench, slots=1)
    act(bench, JUDGE, Reject(offer(bench, ANN), "crashed", "r"))
    assert code_of(bench, ANN, Submit("toy", "fit", "c", ())) == "NoSlotLeft"
    offer(bench, OWNER)
    assert code_of(bench, OWNER, Submit("toy", "fit", "c", ())) == "NoSlotLeft"


def test_a_submission_that_was_refused_for_its_parents_uses_no_slot(bench: Bench):
    open_toy(bench, slots=1)
    act(bench, ANN, Claim("toy", "fit", 600))
    assert code_of(bench, ANN, Submit("toy", "fit", "c", (9,))) == "UnknownParent"
    assert act(bench, ANN, Submit("toy", "fit", "c", (1,))).submission_id == 2


def test_a_new_seal_frees_all_slots(bench: Bench):
    open_toy(bench, slots=1)
    offer(bench, ANN)
    act(bench, OWNER, Seal("toy", ROOT, "box"))
    second = offer(bench, ANN)
    assert code_of(bench, ANN, Submit("toy", "fit", "c", ())) == "NoSlotLeft"
    state = project(bench.ledger.events())
    assert state.submissions[second].epoch == 1
    assert state.broken_rule(state.submissions[second]) is None


def test_nothing_can_be_submitted_from_the_deadline_on_but_the_owners_baselines(bench: Bench):
    open_toy(bench, closes_in=300)
    early = offer(bench, ANN)
    bench.sleep(300)
    assert code_of(bench, ANN, Submit("toy", "fit", "c", ())) == "SubmissionsClosed"
    late = act(bench, OWNER, Submit("toy", "loss", "base", ())).submission_id
    act(bench, JUDGE, Score(early, 2 * WAD, 0, "r"))  # judging may come later
    state = project(bench.ledger.events())
    assert [state.broken_rule(state.submissions[n]) for n in (early, late)] == [None, None]


def test_seals_count_epochs_and_only_the_owner_makes_and_opens_them(toy: Bench):
    first = act(toy, OWNER, Seal("toy", ROOT, "box"))
    second = act(toy, OWNER, Seal("toy", "cd" * 32, "box 2"))
    assert isinstance(first, Sealed)
    assert (first.epoch, first.root, first.sealed_cid) == (1, ROOT, "box")
    assert second.epoch == 2
    for who in (ANN, JUDGE):
        assert code_of(toy, who, Seal("toy", ROOT, "box")) == "NotOwner"
        assert code_of(toy, who, Unseal("toy", 1, "keys")) == "NotOwner"
    assert code_of(toy, OWNER, Seal("none", ROOT, "box")) == "UnknownChallenge"
    assert code_of(toy, OWNER, Seal("toy", "0" * 64, "box")) == "BadRoot"
    assert code_of(toy, OWNER, Seal("toy", ROOT, "")) == "BadCid"
    entry = project(toy.ledger.events()).seal("toy")
    assert (entry.epoch, entry.root, entry.sealed_cid, entry.is_open) == (
        *(2, "cd" * 32, "box 2", False),
    )


def test_an_epoch_is_opened_once(toy: Bench):
    act(toy, OWNER, Seal("toy", ROOT, "box"))
    for epoch in (0, 2):
        assert code_of(toy, OWNER, Unseal("toy", epoch, "keys")) == "UnknownEpoch"
    assert code_of(toy, OWNER, Unseal("toy", 1, "")) == "BadCid"
    event = act(toy, OWNER, Unseal("toy", 1, "keys"))
    assert isinstance(event, Unsealed)
    assert (event.epoch, event.keys_cid) == (1, "keys")
    assert code_of(toy, OWNER, Unseal("toy", 1, "other")) == "AlreadyUnsealed"
    assert project(toy.ledger.events()).seal("toy").keys_cid == "keys"


def test_while_the_hidden_data_are_public_nobody_submits_and_a_new_seal_goes_on(bench: Bench):
    open_toy(bench)
    act(bench, OWNER, Seal("toy", ROOT, "box"))
    before = offer(bench, ANN)
    act(bench, OWNER, Unseal("toy", 1, "keys"))
    assert code_of(bench, ANN, Submit("toy", "fit", "c", ())) == "SubmissionsClosed"
    act(bench, OWNER, Seal("toy", "cd" * 32, "box"))
    after = offer(bench, ANN)
    state = project(bench.ledger.events())
    assert [state.broken_rule(state.submissions[n]) for n in (before, after)] == [None, None]


def test_an_evaluator_sees_by_itself_what_a_lying_ledger_let_in(bench: Bench):
    open_toy(bench, slots=1, closes_in=300)
    act(bench, OWNER, Seal("toy", ROOT, "box"))
    number = offer(bench, ANN)
    state = project(bench.ledger.events())
    first = state.submissions[number]
    twice = replace(first, id=first.id + 1)
    assert state.broken_rule(twice) == "no_slot"
    assert state.broken_rule(replace(first, time=bench.clock.now + 300)) == "late"
    act(bench, OWNER, Unseal("toy", 1, "keys"))
    state = project(bench.ledger.events())
    assert state.broken_rule(first) is None
    assert state.broken_rule(twice) == "late"

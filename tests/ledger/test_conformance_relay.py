"""Requests that others bring, what people say, and the brake, the same on every ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.actions.money import COIN
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.typed import Domain, message

from .conftest import Bench
from .kit import ANN, BEN, BOND, DAY, GUS, OWNER, ROOT, act, code_of, judge, offer, open_panel
from .papers import NOBODY, Table, Work, relay, request


@pytest.fixture
def toy(bench: Bench) -> Bench:
    """A challenge with one step, that has submission 1 by Ann."""
    open_panel(bench)
    offer(bench, ANN)
    return bench


def asked(bench: Bench, action: ac.Action, *, by=BEN, nonce: int = 1, in_s: int = 600):
    deadline = bench.ledger.head().time + in_s
    return request(bench.ledger, action, by, nonce=nonce, deadline=deadline)


CLAIM = ac.Claim("toy", "fit", 600)


# --- requests -----------------------------------------------------------------------------------


def test_who_has_only_a_key_acts_through_anybody(toy: Bench):
    told = act(toy, GUS, relay(asked(toy, CLAIM)))
    assert isinstance(told, ev.Claimed)
    assert told.actor == BEN.address
    work = Work(BEN)
    number = act(toy, GUS, relay(asked(toy, work.commit(), nonce=2))).submission_id
    assert act(toy, GUS, relay(asked(toy, work.reveal(number), nonce=3))).actor == BEN.address


def test_a_request_is_taken_once(toy: Bench):
    same = asked(toy, CLAIM)
    act(toy, GUS, relay(same))
    assert code_of(toy, GUS, relay(same)) == "NonceUsed"
    assert toy.ledger.read("ledger", "isNonceUsed", BEN.address, 1)


def test_a_request_is_taken_until_its_deadline(toy: Bench):
    same = asked(toy, CLAIM, in_s=600)
    toy.sleep(601)
    assert code_of(toy, GUS, relay(same)) == "RequestExpired"


def test_a_request_is_its_authors_word_by_word_for_one_contract_of_one_chain(toy: Bench):
    good = asked(toy, CLAIM)
    home = toy.ledger.domain("ledger")
    values = {"nonce": 1, "deadline": good.deadline, "data": bytes.fromhex(good.data)}
    abroad = [
        BEN.sign_typed(message(there, "Request", from_=BEN.address, **values))
        for there in (
            replace(home, chain_id=home.chain_id + 1),
            Domain(home.chain_id, toy.ledger.domain("notes").contract),
        )
    ]
    longer = request(toy.ledger, replace(CLAIM, duration_s=601), BEN, nonce=1, deadline=1)
    for wrong in (
        *(replace(good, signature=signature) for signature in abroad),
        replace(good, data=longer.data),
        replace(good, sender=ANN.address),
        replace(good, nonce=2),
        replace(good, deadline=good.deadline + 1),
        replace(good, signature=""),
        replace(good, signature="00" * 65),
        replace(good, signature=good.signature[:-2]),
    ):
        assert code_of(toy, GUS, relay(wrong)) == "BadSignature"
    assert act(toy, GUS, relay(good))


def test_a_request_fails_as_the_call_itself_would_and_may_come_again(toy: Bench):
    commit = asked(toy, Work(BEN).commit(), nonce=2)
    assert code_of(toy, GUS, relay(commit)) == "NoLiveClaim"
    act(toy, BEN, CLAIM)
    assert act(toy, GUS, relay(commit)).actor == BEN.address


def test_of_several_requests_those_that_fail_are_told_and_take_nothing_back(toy: Bench):
    late = asked(toy, CLAIM, nonce=3, in_s=-1)
    wanted = [
        asked(toy, CLAIM, nonce=1),
        asked(toy, CLAIM, nonce=1),  # the same nonce
        asked(toy, Work(BEN).reveal(1), nonce=2),  # Ann's
        late,
        asked(toy, Work(BEN).commit(), nonce=4),
    ]
    events = toy.ledger.send(relay(*wanted), signer=GUS).events
    assert [type(e).__name__ for e in events] == [
        *("Claimed", "Skipped", "Skipped", "Skipped", "Committed")
    ]
    reasons = [
        keccak(f"{code}()".encode())[:4].hex()
        for code in ("NonceUsed", "NotContributor", "RequestExpired")
    ]
    skipped = [e for e in events if isinstance(e, ev.Skipped)]
    assert [(e.actor, e.nonce, e.reason) for e in skipped] == list(
        zip([BEN.address] * 3, (1, 2, 3), reasons, strict=True)
    )
    assert not toy.ledger.read("ledger", "isNonceUsed", BEN.address, 2)


def test_a_call_that_no_function_takes_is_refused_and_skipped(toy: Bench):
    good = asked(toy, CLAIM)
    values = {"nonce": 9, "deadline": good.deadline, "data": bytes.fromhex("12345678")}
    typed = message(toy.ledger.domain("ledger"), "Request", from_=BEN.address, **values)
    junk = ac.SignedRequest(BEN.address, 9, good.deadline, "12345678", BEN.sign_typed(typed))
    assert code_of(toy, GUS, relay(junk)) == "UnknownCall"
    skipped, claimed = toy.ledger.send(relay(junk, good), signer=GUS).events
    assert (skipped.reason, claimed.actor) == ("", BEN.address)


def test_a_relayed_relay_is_a_relay(toy: Bench):
    inner = relay(asked(toy, CLAIM, by=ANN))
    assert act(toy, GUS, relay(asked(toy, inner, by=BEN))).actor == ANN.address


def test_a_cancelled_nonce_is_used(toy: Bench):
    told = act(toy, BEN, ac.CancelNonce(1))
    assert (told.actor, told.nonce) == (BEN.address, 1)
    assert code_of(toy, GUS, relay(asked(toy, CLAIM))) == "NonceUsed"
    assert code_of(toy, BEN, ac.CancelNonce(1)) == "NonceUsed"
    assert act(toy, BEN, ac.CancelNonce(1, "notes"))  # each contract has its own
    assert act(toy, ANN, ac.CancelNonce(1))  # and each signer


def test_who_relays_pays_the_bond_and_the_author_gets_it_back(toy: Bench):
    judge(toy, 1, 5, 5, 5)
    toy.give(GUS.address, 2 * BOND)
    toy.give(BEN.address, 0)  # who owns nothing
    wanted = asked(toy, ac.Dispute(1, "evidence"))
    assert code_of(toy, GUS, relay(wanted)) == "WrongValue"
    told = act(toy, GUS, relay(wanted, value_wei=BOND))
    assert (told.actor, told.bond_wei) == (BEN.address, BOND)
    toy.sleep(2 * DAY + 1)
    assert act(toy, GUS, ac.Lapse(1)).bond_to == BEN.address
    withdrawal = asked(toy, ac.Withdraw("ledger"), nonce=2)
    assert act(toy, GUS, relay(withdrawal)).actor == BEN.address
    assert toy.ledger.balance(BEN.address) == BOND


def test_coin_goes_only_where_a_call_asks_for_it(toy: Bench):
    toy.give(GUS.address, 10)
    before = toy.ledger.balance(GUS.address)
    assert code_of(toy, GUS, relay(asked(toy, CLAIM), value_wei=5)) == "UnknownCall"
    two = relay(asked(toy, CLAIM), asked(toy, CLAIM, nonce=2), value_wei=5)
    assert code_of(toy, GUS, two) == "UnknownCall"
    assert toy.ledger.balance(GUS.address) == before


def test_treasury_and_notes_take_requests_too(toy: Bench):
    toy.give(GUS.address, 20)
    deadline = toy.ledger.head().time + DAY
    fund = ac.Fund("toy", "", 0, COIN, 20, NOBODY, deadline, "terms")
    told = act(toy, GUS, relay(asked(toy, fund), contract="treasury", value_wei=20))
    assert (told.actor, told.amount) == (BEN.address, 20)
    said = act(toy, GUS, relay(asked(toy, ac.Endorse(1)), contract="notes"))
    assert said.actor == BEN.address


# --- notes --------------------------------------------------------------------------------------


def test_anybody_anchors_a_root_and_the_event_says_who(toy: Bench):
    told = act(toy, BEN, ac.Anchor("toy", "v1", "root"))
    assert (told.actor, told.challenge, told.revision, told.root_cid) == (
        *(BEN.address, "toy"),
        *("v1", "root"),
    )
    assert code_of(toy, BEN, ac.Anchor("none", "v1", "root")) == "UnknownChallenge"
    assert code_of(toy, BEN, ac.Anchor("toy", "v1", "")) == "BadCid"


@pytest.mark.parametrize("revision", ["", "x" * 65, "é" * 33])  # 33 of 2 bytes
def test_a_revision_has_one_to_64_bytes(toy: Bench, revision: str):
    assert code_of(toy, ANN, ac.Anchor("toy", revision, "root")) == "BadRevision"
    assert act(toy, ANN, ac.Anchor("toy", "é" * 32, "root")).revision == "é" * 32


def test_many_small_contributions_are_said_at_once(toy: Bench):
    good = ac.AnchorBatch("toy", ROOT, 10_000, "leaves")
    for action, code in [
        (replace(good, challenge="none"), "UnknownChallenge"),
        (replace(good, batch_cid=""), "BadCid"),
        (replace(good, root="0" * 64), "BadRoot"),
        (replace(good, count=0), "BadRoot"),
    ]:
        assert code_of(toy, BEN, action) == code
    told = act(toy, BEN, good)
    assert (told.root, told.count, told.batch_cid) == (ROOT, 10_000, "leaves")
    assert code_of(toy, BEN, good) == "BatchExists"


@pytest.mark.parametrize("opinion", ["comment", "reproduced", "concern"])
def test_anybody_but_its_author_reviews_what_was_revealed(toy: Bench, opinion: str):
    told = act(toy, BEN, ac.Review(1, opinion, "text"))
    assert (told.opinion, told.challenge, told.step) == (opinion, "toy", "fit")
    assert code_of(toy, ANN, ac.Review(1, opinion, "text")) == "OwnWork"
    assert code_of(toy, BEN, ac.Review(1, opinion, "")) == "BadCid"
    act(toy, ANN, CLAIM)
    hidden = act(toy, ANN, Work(ANN).commit()).submission_id
    for number in (hidden, 99):
        assert code_of(toy, BEN, ac.Review(number, opinion, "text")) == "UnknownSubmission"


def test_each_endorses_anothers_work_once(toy: Bench):
    assert act(toy, BEN, ac.Endorse(1)).submission_id == 1
    assert code_of(toy, BEN, ac.Endorse(1)) == "AlreadyEndorsed"
    assert act(toy, GUS, ac.Endorse(1)).actor == GUS.address
    assert code_of(toy, ANN, ac.Endorse(1)) == "OwnWork"
    assert code_of(toy, BEN, ac.Endorse(99)) == "UnknownSubmission"


# --- the brake ----------------------------------------------------------------------------------


def test_a_pause_stops_new_things_and_nothing_that_somebody_waits_for(toy: Bench):
    act(toy, OWNER, ac.Seal("toy", ROOT, "box"))
    told = act(toy, toy.guardian, ac.Pause())
    assert told.until == told.time + 7 * DAY
    fund = ac.Fund("toy", "", 1, COIN, 1, NOBODY, told.until, "terms")
    toy.give(BEN.address, 1)
    for who, action in [
        (BEN, ac.RegisterChallenge("other", "m", (BEN.address,))),
        (OWNER, ac.RegisterStep("toy", "more", "s", "maximise", 0)),
        (BEN, fund),
        (OWNER, Table("toy", 0, ((ANN.address, 0, 1),)).propose()),
    ]:
        assert code_of(toy, who, action) == "Paused"
    assert judge(toy, offer(toy, BEN), 5, 5, 5)[-1].is_record
    assert act(toy, toy.guardian, ac.Unpause())
    assert act(toy, BEN, fund).amount == 1


def test_nobody_can_hold_the_brake_down(toy: Bench):
    for action in (ac.Pause(), ac.Unpause()):
        assert code_of(toy, OWNER, action) == "AccessControlUnauthorizedAccount"
    act(toy, toy.guardian, ac.Pause())
    toy.sleep(7 * DAY)
    assert act(toy, OWNER, ac.RegisterStep("toy", "more", "s", "maximise", 0))  # ended by itself
    assert code_of(toy, toy.guardian, ac.Pause()) == "TooSoon"
    toy.sleep(7 * DAY)
    assert act(toy, toy.guardian, ac.Pause())

"""What each event changes in the ledger's state; one function an event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger import entries as en
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.actions import Opening

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.state import LedgerState

_NOBODY = "0x" + "0" * 40


def apply(state: LedgerState, event: ev.Event) -> None:
    """Change a state by one event; those that change nothing are passed over."""
    change = _CHANGES.get(type(event))
    if change is not None:
        change(state, event)


def is_told(kind: object) -> bool:
    """Tell whether events of a class change the state; the others need not even be decoded.

    >>> is_told(ev.Scored), is_told(ev.Attested)
    (True, False)
    """
    return kind in _CHANGES


def _challenge(state: LedgerState, e: ev.ChallengeRegistered) -> None:
    state.challenges[e.challenge] = en.ChallengeEntry(
        owner=e.actor,
        manifest_cid=e.manifest_cid,
        evaluators=e.evaluators,
        slots=e.slots,
        closes_at=e.closes_at,
        quorum=e.quorum,
        reveal_s=e.reveal_s,
        dispute_s=e.dispute_s,
        bond_wei=e.bond_wei,
        pot=e.pot,
    )


def _evaluator_added(state: LedgerState, e: ev.EvaluatorAdded) -> None:
    old = state.challenges[e.challenge]
    state.challenges[e.challenge] = replace(old, evaluators=(*old.evaluators, e.evaluator))
    state.terms[e.challenge, e.evaluator] = (e.since, en.FOR_EVER)


def _evaluator_retired(state: LedgerState, e: ev.EvaluatorRetired) -> None:
    since, _ = state.terms.get((e.challenge, e.evaluator), (0, en.FOR_EVER))
    state.terms[e.challenge, e.evaluator] = (since, e.until)


def _step(state: LedgerState, e: ev.StepRegistered) -> None:
    state.steps[e.challenge, e.step] = en.StepEntry(
        e.spec_cid, e.direction, e.min_delta_wad, e.claim_cap, e.tolerance_wad
    )


def _metric_proposed(state: LedgerState, e: ev.MetricProposed) -> None:
    state.announced[e.challenge, e.step] = en.MetricEntry(
        e.spec_cid, e.direction, e.min_delta_wad, e.tolerance_wad, e.epoch
    )


def _metric_activated(state: LedgerState, e: ev.MetricActivated) -> None:
    place = e.challenge, e.step
    new, old = state.announced.pop(place), state.steps[place]
    for number in [n for n in state.rounds if _place(state, n) == place]:
        del state.rounds[number]  # scores by the old metric count for nothing
    state.steps[place] = replace(
        old,
        spec_cid=new.spec_cid,
        direction=new.direction,
        min_delta_wad=new.min_delta_wad,
        tolerance_wad=new.tolerance_wad,
        metric_version=e.metric_version,
        changes=old.changes + 1,
        is_stale=place in state.heads,
    )


def _place(state: LedgerState, number: int) -> tuple[str, str]:
    entry = state.submissions[number]
    return entry.challenge, entry.step


def _sealed(state: LedgerState, e: ev.Sealed) -> None:
    entry = en.SealEntry(e.epoch, e.root, e.sealed_cid, e.time, e.tx_hash)
    state.seals.setdefault(e.challenge, []).append(entry)


def _unsealed(state: LedgerState, e: ev.Unsealed) -> None:
    seals = state.seals[e.challenge]
    seals[e.epoch - 1] = replace(
        seals[e.epoch - 1], keys_cid=e.keys_cid, last_before=len(state.submissions)
    )


def _claimed(state: LedgerState, e: ev.Claimed) -> None:
    state.claims[e.challenge, e.step, e.actor] = e.expires_at


def _released(state: LedgerState, e: ev.Released) -> None:
    state.claims.pop((e.challenge, e.step, e.actor), None)


def _committed(state: LedgerState, e: ev.Committed) -> None:
    place, epoch = (e.challenge, e.step), state.epoch(e.challenge)
    first = place not in state.first
    is_baseline = first and state.challenges[e.challenge].owner == e.actor
    slot = 0
    if not is_baseline:
        slot = state.used.get((*place, e.actor, epoch), 0) + 1
        state.used[*place, e.actor, epoch] = slot
    if first:
        state.first[place] = e.submission_id
    state.submissions[e.submission_id] = en.Submission(
        e.submission_id,
        *place,
        contributor=e.actor,
        solution_cid="",
        parents=(),
        time=e.time,
        status="committed",
        epoch=epoch,
        is_baseline=is_baseline,
        slot=slot,
        commitment=e.commitment,
        reveal_by=e.reveal_by,
    )


def _change(state: LedgerState, number: int, **fields: Any) -> en.Submission:
    entry = replace(state.submissions[number], **fields)
    state.submissions[number] = entry
    return entry


def _submitted(state: LedgerState, e: ev.Submitted) -> None:
    _change(
        state, e.submission_id, status="pending", solution_cid=e.solution_cid, parents=e.parents
    )


def _scored(state: LedgerState, e: ev.Scored) -> None:
    place = e.challenge, e.step
    rules, before = state.steps[place], state.heads.get(place)
    entry = _change(
        state,
        e.submission_id,
        status="record" if e.is_record else "no_gain",
        score_wad=e.score_wad,
        before_wad=e.before_wad,
        improvement_wad=e.improvement_wad,
        e2e_score_wad=e.e2e_score_wad,
        tx_hash=e.tx_hash,
        report_cid=e.report_cid,
        metric_version=rules.metric_version,
        before_id=0 if before is None else before.submission_id,
        disputable_until=e.time + state.challenges[e.challenge].dispute_s,
    )
    state.rounds.pop(e.submission_id, None)
    if e.is_record:
        state.heads[place] = en.HeadEntry(
            entry.id, entry.solution_cid, entry.contributor, e.score_wad
        )
        state.steps[place] = replace(rules, is_stale=False)
        state.records.setdefault(e.challenge, []).append(entry.id)


def _rejected(state: LedgerState, e: ev.Rejected) -> None:
    _change(
        state,
        e.submission_id,
        # Not scored: who is no record learns nothing of the hidden data from its number.
        status="no_gain" if e.reason == "no_gain" else "rejected",
        reason=e.reason,
        tx_hash=e.tx_hash,
        report_cid=e.report_cid,
        metric_version=state.steps[e.challenge, e.step].metric_version,
    )
    state.rounds.pop(e.submission_id, None)


def _rescored(state: LedgerState, e: ev.HeadRescored) -> None:
    place = e.challenge, e.step
    state.heads[place] = replace(state.heads[place], score_wad=e.new_wad)
    rules = state.steps[place]
    state.steps[place] = replace(rules, is_stale=False, changes=rules.changes + 1)


def _scores_committed(state: LedgerState, e: ev.ScoresCommitted) -> None:
    known = state.rounds.get(e.submission_id, en.Round(e.base, ()))
    links = (*known.links, *zip(e.evaluators, e.commitments, strict=True))
    state.rounds[e.submission_id] = replace(known, links=links, reveal_by=e.reveal_by)


def _opening_published(state: LedgerState, e: ev.OpeningPublished) -> None:
    known = state.rounds[e.submission_id]
    opening = Opening(e.evaluator, e.score_wad, e.e2e_score_wad, e.reason, e.report_cid, e.salt)
    state.rounds[e.submission_id] = replace(known, openings=(*known.openings, opening))


def _round_expired(state: LedgerState, e: ev.RoundExpired) -> None:
    state.rounds.pop(e.submission_id, None)


def _spread_found(state: LedgerState, e: ev.SpreadFound) -> None:
    _change(state, e.submission_id, status="contested", tx_hash=e.tx_hash)
    state.rounds.pop(e.submission_id, None)
    state.disputes[e.submission_id] = en.DisputeEntry(_NOBODY, 0, e.vote_by)


def _disputed(state: LedgerState, e: ev.Disputed) -> None:
    _change(state, e.submission_id, status="contested")
    state.disputes[e.submission_id] = en.DisputeEntry(
        e.actor, e.bond_wei, e.vote_by, e.evidence_cid
    )


def _dispute_decided(state: LedgerState, e: ev.DisputeDecided) -> None:
    """Close the dispute; what it means for the score, the next event of the transaction tells."""
    found = state.disputes.pop(e.submission_id)
    if not e.upheld and found.disputer != _NOBODY:
        _change(state, e.submission_id, status="record", disputable_until=0)


def _struck(state: LedgerState, e: ev.Struck) -> None:
    _change(state, e.submission_id, status="struck", tx_hash=e.tx_hash)
    records = state.records.get(e.challenge, [])
    if e.submission_id in records:
        records.remove(e.submission_id)
    if not e.was_head:
        return
    place = e.challenge, e.step
    state.heads.pop(place)
    state.steps[place] = replace(state.steps[place], is_stale=_is_stale(state, e))
    if e.head_id:
        head = state.submissions[e.head_id]
        state.heads[place] = en.HeadEntry(
            head.id, head.solution_cid, head.contributor, e.head_score_wad
        )


def _is_stale(state: LedgerState, e: ev.Struck) -> bool:
    """Tell whether the metric has changed since the head that came back was beaten."""
    beaten_by = state.submissions[e.submission_id]
    while beaten_by.before_id not in {0, e.head_id}:
        beaten_by = state.submissions[beaten_by.before_id]
    version = state.steps[e.challenge, e.step].metric_version
    return e.head_id != 0 and beaten_by.metric_version != version


def _funded(state: LedgerState, e: ev.Funded) -> None:
    state.bounties[e.bounty_id] = en.BountyEntry(
        id=e.bounty_id,
        challenge=e.challenge,
        step=e.step,
        epoch=e.epoch,
        sponsor=e.actor,
        asset=e.asset,
        amount=e.amount,
        left=e.amount,
        payee=e.payee,
        deadline=e.deadline,
        terms_cid=e.terms_cid,
    )


def _paid_out(state: LedgerState, e: ev.Refunded | ev.GrantReleased) -> None:
    old = state.bounties[e.bounty_id]
    state.bounties[e.bounty_id] = replace(old, left=old.left - e.amount)


def _settlement_proposed(state: LedgerState, e: ev.SettlementProposed) -> None:
    state.settlements[e.challenge, e.epoch] = en.SettlementEntry(
        e.actor, e.root, e.table_cid, e.credit, e.shares, e.round, e.final_at
    )


def _settlement_disputed(state: LedgerState, e: ev.SettlementDisputed) -> None:
    key = e.challenge, e.epoch
    dispute = en.DisputeEntry(e.actor, e.bond_wei, e.vote_by, e.evidence_cid)
    state.settlements[key] = replace(state.settlements[key], dispute=dispute)


def _settlement_decided(state: LedgerState, e: ev.SettlementDecided) -> None:
    key = e.challenge, e.epoch
    old = replace(state.settlements[key], dispute=None)
    state.settlements[key] = (
        replace(old, is_struck=True) if e.upheld else replace(old, final_at=e.time)
    )


def _redeemed(state: LedgerState, e: ev.Redeemed) -> None:
    key = e.challenge, e.epoch
    old = state.settlements[key]
    state.settlements[key] = replace(old, redeemed=old.redeemed | {e.index})
    if e.bounty_id:
        bounty = state.bounties[e.bounty_id]
        state.bounties[e.bounty_id] = replace(bounty, left=bounty.left - e.amount)
    else:
        owner = e.challenge, e.account
        state.credit[owner] = state.credit.get(owner, 0) + e.amount


def _anchored(state: LedgerState, e: ev.Anchored) -> None:
    entry = en.AnchorEntry(e.actor, e.revision, e.root_cid, e.time, e.tx_hash)
    state.anchors.setdefault(e.challenge, []).append(entry)


def _reviewed(state: LedgerState, e: ev.Reviewed) -> None:
    entry = en.ReviewEntry(e.actor, e.opinion, e.review_cid, e.time)
    state.reviews.setdefault(e.submission_id, []).append(entry)


def _endorsed(state: LedgerState, e: ev.Endorsed) -> None:
    state.endorsements.setdefault(e.submission_id, []).append(e.actor)


_CHANGES: dict[type[ev.Event], Callable[[LedgerState, Any], None]] = {
    ev.ChallengeRegistered: _challenge,
    ev.EvaluatorAdded: _evaluator_added,
    ev.EvaluatorRetired: _evaluator_retired,
    ev.StepRegistered: _step,
    ev.MetricProposed: _metric_proposed,
    ev.MetricActivated: _metric_activated,
    ev.Sealed: _sealed,
    ev.Unsealed: _unsealed,
    ev.Claimed: _claimed,
    ev.Released: _released,
    ev.Committed: _committed,
    ev.Submitted: _submitted,
    ev.Scored: _scored,
    ev.Rejected: _rejected,
    ev.HeadRescored: _rescored,
    ev.ScoresCommitted: _scores_committed,
    ev.OpeningPublished: _opening_published,
    ev.RoundExpired: _round_expired,
    ev.SpreadFound: _spread_found,
    ev.Disputed: _disputed,
    ev.DisputeDecided: _dispute_decided,
    ev.Struck: _struck,
    ev.Funded: _funded,
    ev.Refunded: _paid_out,
    ev.GrantReleased: _paid_out,
    ev.SettlementProposed: _settlement_proposed,
    ev.SettlementDisputed: _settlement_disputed,
    ev.SettlementDecided: _settlement_decided,
    ev.Redeemed: _redeemed,
    ev.Anchored: _anchored,
    ev.Reviewed: _reviewed,
    ev.Endorsed: _endorsed,
}

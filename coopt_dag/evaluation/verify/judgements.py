"""Who offered and who judged: numbers without a gap, evaluators in their terms, quorums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.evaluation.verify import divergence as kinds
from coopt_dag.evaluation.verify.divergence import Divergence
from coopt_dag.evaluation.verify.task import settlement_place
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.actions import Opening
from coopt_dag.ledger.hashing import opening_hash
from coopt_dag.ledger.projection import apply
from coopt_dag.ledger.state import LedgerState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.evaluation.verify.task import Task
    from coopt_dag.ledger.events import Event


def check_judgements(task: Task) -> Iterator[Divergence]:
    """Walk through all events, and say what no honest ledger tells."""
    state, given = LedgerState(), _attested(task.events)
    for event in task.events:
        yield from _check(state, event, given)
        apply(state, event)
    task.counts.events = len(task.events)
    yield from _unjudged(task)


def _attested(events: tuple[Event, ...]) -> dict[tuple[str, int], list[ev.Attested]]:
    """Give (transaction, submission) → what evaluators opened in it."""
    found: dict[tuple[str, int], list[ev.Attested]] = {}
    for e in events:
        if isinstance(e, ev.Attested):
            found.setdefault((e.tx_hash, e.submission_id), []).append(e)
    return found


def _check(
    state: LedgerState, event: Event, given: dict[tuple[str, int], list[ev.Attested]]
) -> Iterator[Divergence]:
    if isinstance(event, ev.Committed):
        yield from _gap(state, event)
    elif isinstance(event, ev.Submitted):
        yield from _unknown(state, event)
    elif isinstance(event, ev.ScoresCommitted):
        for who in event.evaluators:
            yield from _not_evaluator(state, event, who)
    elif isinstance(event, ev.OpeningPublished):
        yield from _not_opening(state, event)
    elif isinstance(event, (ev.Scored, ev.Rejected)):
        yield from _unknown(state, event)
        yield from _not_quorum(state, event, given.get((event.tx_hash, event.submission_id), []))
        if isinstance(event, ev.Scored):
            yield from _not_compared(state, event)


def _gap(state: LedgerState, event: ev.Committed) -> Iterator[Divergence]:
    due = max(state.submissions, default=0) + 1
    if event.submission_id != due:
        yield Divergence(
            kinds.DROPPED_SUBMISSION,
            f"submission {due}",
            due,
            event.submission_id,
            f"numbers rise one by one, and {due} is missing before {event.submission_id}",
        )


def _unknown(
    state: LedgerState, event: ev.Submitted | ev.Scored | ev.Rejected
) -> Iterator[Divergence]:
    entry = state.submissions.get(event.submission_id)
    is_early = not isinstance(event, ev.Submitted) and entry and entry.status == "committed"
    if entry is None or is_early:
        due = "promised" if entry is None else "revealed"
        yield Divergence(
            kinds.DROPPED_SUBMISSION,
            f"submission {event.submission_id}",
            f"that it was {due} before",
            None,
            f"block {event.block} tells {type(event).__name__} of a submission nobody {due}",
        )


def _not_evaluator(
    state: LedgerState, event: ev.ScoresCommitted | ev.Scored | ev.Rejected, who: str
) -> Iterator[Divergence]:
    judges = state.judges(event.challenge, now=event.time)
    if who not in judges:
        yield Divergence(
            kinds.FORGED_ATTESTATION,
            f"submission {event.submission_id}, block {event.block}",
            list(judges),
            who,
            f"it was judged by {who}, who was no evaluator of '{event.challenge}' then",
            submission=event.submission_id,
        )


def _not_opening(state: LedgerState, event: ev.OpeningPublished) -> Iterator[Divergence]:
    opening = Opening(
        *(event.evaluator, event.score_wad, event.e2e_score_wad),
        *(event.reason, event.report_cid, event.salt),
    )
    links = dict(state.rounds[event.submission_id].links)
    found = opening_hash(event.submission_id, opening)
    if links.get(event.evaluator) != found:
        yield Divergence(
            kinds.FORGED_ATTESTATION,
            f"submission {event.submission_id}, opening of {event.evaluator}",
            links.get(event.evaluator),
            found,
            "what was opened is not what was committed to",
            submission=event.submission_id,
        )


def _not_quorum(
    state: LedgerState, event: ev.Scored | ev.Rejected, given: list[ev.Attested]
) -> Iterator[Divergence]:
    quorum = state.challenges[event.challenge].quorum
    if quorum == 1 and not given:
        yield from _not_evaluator(state, event, event.actor)
        return
    entry = state.submissions.get(event.submission_id)
    if entry is not None and entry.status == "contested" and not given:
        return  # the others decided by their votes, which the contract has counted
    known = state.rounds.get(event.submission_id)
    promised = {} if known is None else dict(known.links)
    strangers = [a.evaluator for a in given if a.evaluator not in promised]
    voices = {a.evaluator for a in given}
    if strangers or len(voices) < quorum:
        yield Divergence(
            kinds.FORGED_ATTESTATION,
            f"submission {event.submission_id}, block {event.block}",
            {"quorum": quorum, "committed": sorted(promised)},
            {"attested": sorted(voices)},
            "its judgement is not that of a quorum that had committed to it",
            submission=event.submission_id,
        )
        return
    scores = sorted(a.score_wad for a in given if not a.reason)
    if isinstance(event, ev.Scored) and scores and event.score_wad not in scores:
        yield Divergence(
            kinds.CHANGED_SCORE,
            f"submission {event.submission_id}, score_wad",
            scores,
            event.score_wad,
            "the score is none that an evaluator attested",
            submission=event.submission_id,
        )


def _not_compared(state: LedgerState, event: ev.Scored) -> Iterator[Divergence]:
    head = state.head(event.challenge, event.step)
    before = None if head is None else head.score_wad
    if event.before_wad != before:
        yield Divergence(
            kinds.CHANGED_SCORE,
            f"submission {event.submission_id}, before_wad",
            before,
            event.before_wad,
            "it was compared with another score than that of the record then",
            submission=event.submission_id,
        )


def _unjudged(task: Task) -> Iterator[Divergence]:
    """Insist that a settled epoch leaves nobody unjudged."""
    task.counts.submissions = len(task.submissions)
    proposal = task.proposal
    if proposal is None:
        return
    state = task.before(proposal.seq)
    for number, entry in sorted(state.submissions.items()):
        if (entry.challenge, entry.epoch) != (task.name, task.epoch):
            continue
        if entry.status in {"pending", "contested"}:
            yield Divergence(
                kinds.DROPPED_SUBMISSION,
                f"submission {number}",
                "a judgement before the settlement",
                entry.status,
                f"the {settlement_place(task)} left it out: it was {entry.status}",
                is_of_settlement=True,
            )

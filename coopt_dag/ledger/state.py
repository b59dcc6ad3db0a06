"""The present, folded from all events: pure, the same for every adapter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ChallengeEntry:
    """A challenge on the ledger."""

    owner: str
    manifest_cid: str
    evaluators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepEntry:
    """A step's rules."""

    spec_cid: str
    direction: str
    min_delta_wad: int
    claim_cap: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A solution that was offered, and what became of it."""

    id: int
    challenge: str
    step: str
    contributor: str
    solution_cid: str
    parents: tuple[int, ...]
    time: int
    status: str = "pending"
    """pending, record, no_gain or rejected."""
    score_wad: int | None = None
    before_wad: int | None = None
    improvement_wad: int | None = None
    e2e_score_wad: int | None = None
    reason: str = ""
    tx_hash: str = ""
    report_cid: str = ""


@dataclass(frozen=True, slots=True)
class HeadEntry:
    """A step's record holder."""

    submission_id: int
    solution_cid: str
    contributor: str
    score_wad: int


@dataclass(frozen=True, slots=True)
class AnchorEntry:
    """Somebody's word that a revision's artifacts are those below a root."""

    who: str
    revision: str
    root_cid: str
    time: int
    tx_hash: str


@dataclass(slots=True)
class LedgerState:
    """Everything that the events say, as of the last one."""

    challenges: dict[str, ChallengeEntry] = field(default_factory=dict)
    steps: dict[tuple[str, str], StepEntry] = field(default_factory=dict)
    claims: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(challenge, step, holder) → when the lease ends."""
    submissions: dict[int, Submission] = field(default_factory=dict)
    heads: dict[tuple[str, str], HeadEntry] = field(default_factory=dict)
    end_to_end: dict[str, int] = field(default_factory=dict)
    """Challenge → end-to-end score of its latest record, in WAD."""
    anchors: dict[str, list[AnchorEntry]] = field(default_factory=dict)
    """Challenge → everybody's anchors in the order of the ledger; see `official_anchor`."""

    def head(self, challenge: str, step: str) -> HeadEntry | None:
        """Give a step's record holder."""
        return self.heads.get((challenge, step))

    def end_to_end_wad(self, challenge: str) -> int | None:
        """Give the end-to-end score of the present record pipeline."""
        return self.end_to_end.get(challenge)

    def official_anchor(self, challenge: str, revision: str | None = None) -> AnchorEntry | None:
        """Give the latest anchor by the owner or an evaluator, of any revision or of this one."""
        entry = self.challenges.get(challenge)
        trusted = () if entry is None else (entry.owner, *entry.evaluators)
        for anchor in reversed(self.anchors.get(challenge, ())):
            if anchor.who in trusted and revision in {None, anchor.revision}:
                return anchor
        return None

    @property
    def pending(self) -> list[Submission]:
        """Submissions that nobody has judged, in the order in which they came."""
        return [s for _, s in sorted(self.submissions.items()) if s.status == "pending"]

    def live_claims(self, challenge: str, step: str, *, now: int) -> dict[str, int]:
        """Give holder → end of each lease that is live at `now`."""
        return {
            who: end
            for (c, s, who), end in self.claims.items()
            if (c, s) == (challenge, step) and end > now
        }


def project(events: Iterable[ev.Event], state: LedgerState | None = None) -> LedgerState:
    """Fold events into a state, from the beginning or on top of `state`."""
    state = LedgerState() if state is None else state
    for event in events:
        _apply(state, event)
    return state


def _apply(state: LedgerState, event: ev.Event) -> None:
    match event:
        case ev.ChallengeRegistered():
            state.challenges[event.challenge] = ChallengeEntry(
                event.actor, event.manifest_cid, event.evaluators
            )
        case ev.StepRegistered():
            state.steps[event.challenge, event.step] = StepEntry(
                event.spec_cid, event.direction, event.min_delta_wad, event.claim_cap
            )
        case ev.Claimed():
            state.claims[event.challenge, event.step, event.actor] = event.expires_at
        case ev.Released():
            state.claims.pop((event.challenge, event.step, event.actor), None)
        case ev.Anchored():
            state.anchors.setdefault(event.challenge, []).append(
                AnchorEntry(event.actor, event.revision, event.root_cid, event.time, event.tx_hash)
            )
        case _:
            _apply_submission(state, event)


def _apply_submission(state: LedgerState, event: ev.Event) -> None:
    match event:
        case ev.Submitted():
            state.submissions[event.submission_id] = Submission(
                event.submission_id,
                event.challenge,
                event.step,
                event.actor,
                event.solution_cid,
                event.parents,
                event.time,
            )
        case ev.Scored():
            _score(state, event)
        case ev.Rejected():
            old = state.submissions[event.submission_id]
            state.submissions[event.submission_id] = replace(
                old,
                status="rejected",
                reason=event.reason,
                tx_hash=event.tx_hash,
                report_cid=event.report_cid,
            )
        case ev.HeadRescored():
            place = event.challenge, event.step
            state.heads[place] = replace(state.heads[place], score_wad=event.new_wad)


def _score(state: LedgerState, event: ev.Scored) -> None:
    entry = replace(
        state.submissions[event.submission_id],
        status="record" if event.is_record else "no_gain",
        score_wad=event.score_wad,
        before_wad=event.before_wad,
        improvement_wad=event.improvement_wad,
        e2e_score_wad=event.e2e_score_wad,
        tx_hash=event.tx_hash,
        report_cid=event.report_cid,
    )
    state.submissions[event.submission_id] = entry
    if event.is_record:
        state.heads[event.challenge, event.step] = HeadEntry(
            entry.id, entry.solution_cid, entry.contributor, event.score_wad
        )
        state.end_to_end[event.challenge] = event.e2e_score_wad

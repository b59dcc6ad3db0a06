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
    slots: int
    """Submissions of one contributor to one step in one epoch; 0 = unlimited."""
    closes_at: int
    """Second from which nothing can be submitted; 0 = never."""


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
    epoch: int = 0
    """Number of the latest seal when it was offered; 0 if there was none."""
    is_baseline: bool = False
    """The owner's first of the step, to which neither slots nor deadlines apply."""


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


@dataclass(frozen=True, slots=True)
class SealEntry:
    """The owner's commitment to hidden data."""

    epoch: int
    root: str
    sealed_cid: str
    time: int
    tx_hash: str
    keys_cid: str = ""
    """Names the revealed keys; empty while they are secret."""
    last_before: int = 0
    """Number of the last submission before the keys were revealed."""

    @property
    def is_open(self) -> bool:
        """Tell whether everybody can read the data."""
        return self.keys_cid != ""


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
    seals: dict[str, list[SealEntry]] = field(default_factory=dict)
    """Challenge → its seals, epoch 1 first."""

    def seal(self, challenge: str) -> SealEntry | None:
        """Give the seal of the present epoch."""
        seals = self.seals.get(challenge)
        return seals[-1] if seals else None

    def is_open(self, challenge: str, *, now: int) -> bool:
        """Tell whether contributors can submit at `now`: deadline ahead, hidden data hidden."""
        closes_at, seal = self.challenges[challenge].closes_at, self.seal(challenge)
        return (closes_at == 0 or now < closes_at) and (seal is None or not seal.is_open)

    def slots_left(self, challenge: str, step: str, who: str) -> int | None:
        """Give how often `who` can still submit to a step in this epoch; None = unlimited."""
        slots, seal = self.challenges[challenge].slots, self.seal(challenge)
        if slots == 0:
            return None
        epoch = 0 if seal is None else seal.epoch
        return max(0, slots - self._used(challenge, step, who, epoch, below=None))

    def _used(self, challenge: str, step: str, who: str, epoch: int, *, below: int | None) -> int:
        """Count slots that `who` has used, by all submissions or those before number `below`."""
        wanted = (challenge, step, who, epoch)
        return sum(
            (s.challenge, s.step, s.contributor, s.epoch) == wanted and not s.is_baseline
            for s in self.submissions.values()
            if below is None or s.id < below
        )

    def broken_rule(self, submission: Submission) -> str | None:
        """Tell why a submission must not be judged: `late` or `no_slot`; None if it may be.

        The ledger refuses such submissions; evaluators ask again, so that nobody has to believe
        that the ledger they read did.
        """
        if submission.is_baseline:
            return None
        rules = self.challenges[submission.challenge]
        if rules.closes_at and submission.time >= rules.closes_at:
            return "late"
        seals = self.seals.get(submission.challenge, [])
        seal = seals[submission.epoch - 1] if submission.epoch else None
        if seal is not None and seal.is_open and submission.id > seal.last_before:
            return "late"
        place = submission.challenge, submission.step
        who, epoch = submission.contributor, submission.epoch
        used = self._used(*place, who, epoch, below=submission.id)
        return "no_slot" if rules.slots and used >= rules.slots else None

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
                *(event.actor, event.manifest_cid, event.evaluators),
                *(event.slots, event.closes_at),
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
        case ev.Sealed():
            state.seals.setdefault(event.challenge, []).append(
                SealEntry(event.epoch, event.root, event.sealed_cid, event.time, event.tx_hash)
            )
        case ev.Unsealed():
            seals = state.seals[event.challenge]
            seals[event.epoch - 1] = replace(
                seals[event.epoch - 1],
                keys_cid=event.keys_cid,
                last_before=max(state.submissions, default=0),
            )
        case _:
            _apply_submission(state, event)


def _apply_submission(state: LedgerState, event: ev.Event) -> None:
    match event:
        case ev.Submitted():
            _offer(state, event)
        case ev.Scored():
            _score(state, event)
        case ev.Rejected():
            old = state.submissions[event.submission_id]
            state.submissions[event.submission_id] = replace(
                old,
                # Not scored: who is no record learns nothing of the hidden data from its number.
                status="no_gain" if event.reason == "no_gain" else "rejected",
                reason=event.reason,
                tx_hash=event.tx_hash,
                report_cid=event.report_cid,
            )
        case ev.HeadRescored():
            place = event.challenge, event.step
            state.heads[place] = replace(state.heads[place], score_wad=event.new_wad)


def _offer(state: LedgerState, event: ev.Submitted) -> None:
    place, seal = (event.challenge, event.step), state.seal(event.challenge)
    first = all((s.challenge, s.step) != place for s in state.submissions.values())
    state.submissions[event.submission_id] = Submission(
        event.submission_id,
        *place,
        event.actor,
        event.solution_cid,
        event.parents,
        event.time,
        epoch=0 if seal is None else seal.epoch,
        is_baseline=first and state.challenges[event.challenge].owner == event.actor,
    )


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

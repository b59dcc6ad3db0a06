"""What an epoch's settlement is about: read from the ledger alone, the same for everybody."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.credit.settlement import Epoch, Review, Work
from coopt_dag.errors import LedgerRefusedError, UnknownNameError
from coopt_dag.evaluation.feedback import LOCAL_RECORD
from coopt_dag.model.moment import from_seconds
from coopt_dag.model.nano import NANO
from coopt_dag.model.wad import to_wad

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopt_dag.ledger.state import LedgerState, Submission
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge

STANDING = "record"


@dataclass(frozen=True, slots=True)
class Versions:
    """One step in one epoch.

    `base` is the submission that stood when the epoch began, None where there was none: then the
    challenge's own baseline is level 0. `adopted` are the records of the epoch that stand, in the
    order in which they were made; `local` those that were better by the step's own metric alone.
    """

    step: str
    base: Submission | None
    adopted: tuple[Submission, ...]
    local: tuple[Submission, ...]


def work_id(number: int) -> str:
    """Give a submission's id in settlements: ties go to the smaller one.

    >>> work_id(7) < work_id(10)
    True
    """
    return f"{number:08d}"


def versions_of(state: LedgerState, challenge: LoadedChallenge, epoch: int) -> tuple[Versions, ...]:
    """Give what each step had when the epoch began, and what was added in it."""
    name = challenge.spec.id
    records = [state.submissions[n] for n in state.records.get(name, ())]
    return tuple(
        Versions(
            step,
            base=_base([r for r in records if r.step == step], epoch),
            adopted=tuple(
                r for r in records if r.step == step and r.epoch == epoch and not r.is_baseline
            ),
            local=tuple(
                s
                for _, s in sorted(state.submissions.items())
                if (s.challenge, s.step, s.epoch) == (name, step, epoch)
                and s.reason == LOCAL_RECORD
            ),
        )
        for step in challenge.steps
    )


def _base(records: Iterable[Submission], epoch: int) -> Submission | None:
    before = [r for r in records if r.epoch < epoch or r.is_baseline]
    return before[-1] if before else None


def beacon(state: LedgerState, challenge: str, epoch: int) -> bytes:
    """Give 32 bytes that nobody could choose, for samples of configurations.

    Of the key that the epoch's data were sealed by, and of every submission. The owner committed to
    the key before anybody submitted, and nobody else knew it. An epoch without a seal has only
    what was submitted and how it was judged: whoever did that last could have tried a few times.

    Raises
    ------
    LedgerRefusedError
        The key is not revealed yet.
    """
    seals, words = state.seals.get(challenge, []), [challenge, str(epoch)]
    if epoch:
        if not seals[epoch - 1].is_open:
            raise LedgerRefusedError(
                "NotUnsealed",
                f"epoch {epoch} of '{challenge}' has too many configurations to run all, and what "
                "chooses among them is the key of its seal, which is not revealed",
                hint=f"coopt unseal {challenge} --epoch {epoch}",
            )
        words.append(seals[epoch - 1].keys_cid)
    for _, s in sorted(state.submissions.items()):
        if (s.challenge, s.epoch) == (challenge, epoch):
            words += [str(s.id), s.commitment, s.solution_cid, "" if epoch else s.tx_hash]
    return hashlib.sha256("\n".join(words).encode()).digest()


def require_over(state: LedgerState, challenge: str, epoch: int, *, now: int) -> None:
    """Insist that nothing of an epoch is open any more.

    Raises
    ------
    UnknownNameError
        The challenge, or the epoch, is not on the ledger.
    LedgerRefusedError
        It can still be submitted to, or somebody's judgement is awaited; `code` says which.
    """
    if challenge not in state.challenges:
        hint = f"coopt challenge register {challenge}"
        raise UnknownNameError("challenge on the ledger", challenge, state.challenges, hint=hint)
    if not 0 <= epoch <= state.epoch(challenge):
        known = [str(n) for n in range(state.epoch(challenge) + 1)]
        raise UnknownNameError("epoch", str(epoch), known)
    if not is_over(state, challenge, epoch, now=now):
        raise LedgerRefusedError(
            "EpochNotOver",
            f"epoch {epoch} of '{challenge}' is not over: it can still be submitted to",
            hint=_how_it_ends(state, challenge, epoch),
        )
    seals = state.seals.get(challenge, [])
    if 0 < epoch < len(seals) and not seals[epoch - 1].is_open:
        raise LedgerRefusedError(
            "EpochSealed",
            f"epoch {epoch} of '{challenge}' was ended by another seal, and its data are still "
            "sealed: a settlement would publish scores on them while work goes on",
            hint=f"coopt unseal {challenge} --epoch {epoch}, by its owner",
        )
    for submission in state.submissions.values():
        if (submission.challenge, submission.epoch) == (challenge, epoch):
            _require_judged(submission, now=now)


def is_over(state: LedgerState, challenge: str, epoch: int, *, now: int) -> bool:
    """Tell whether nothing more can be submitted in an epoch, by the contract's rule."""
    seals, closes_at = state.seals.get(challenge, []), state.challenges[challenge].closes_at
    if epoch < len(seals) or (epoch and seals[epoch - 1].is_open):
        return True
    return closes_at != 0 and now >= closes_at


def _how_it_ends(state: LedgerState, challenge: str, epoch: int) -> str:
    closes_at = state.challenges[challenge].closes_at
    if epoch:
        end = f"coopt unseal {challenge} --epoch {epoch}"
        return f"{end}, by its owner" + (f", or {from_seconds(closes_at)}" if closes_at else "")
    if closes_at:
        return f"it ends at {from_seconds(closes_at)}"
    return f"`coopt seal {challenge}` begins epoch 1; sprints in challenge.yaml would end it too"


def _require_judged(submission: Submission, *, now: int) -> None:
    number = submission.id
    if submission.status == "committed" and now <= submission.reveal_by:
        raise LedgerRefusedError(
            "NotRevealed",
            f"submission {number} is promised, and can be shown until "
            f"{from_seconds(submission.reveal_by)}",
            hint="settle after that",
        )
    if submission.status == "pending":
        raise LedgerRefusedError(
            "NotJudged", f"submission {number} is not judged yet", hint="coopt evaluate"
        )
    if submission.status == "contested":
        raise LedgerRefusedError(
            "InDispute", f"submission {number} is in dispute", hint="coopt dispute list"
        )
    if submission.status == STANDING and now < submission.disputable_until:
        raise LedgerRefusedError(
            "StillDisputable",
            f"the record of submission {number} can be disputed until "
            f"{from_seconds(submission.disputable_until)}",
            hint="settle after that",
        )


def epoch_of(
    state: LedgerState,
    challenge: LoadedChallenge,
    versions: tuple[Versions, ...],
    *,
    epoch: int,
    metrics: Mapping[tuple[str, int], Metric],
    local_gains: Mapping[int, int],
) -> Epoch:
    """Put together who is to be paid.

    Parameters
    ----------
    metrics
        (step, version) → metric, of every version that a work was judged by.
    local_gains
        Number of each local record → what it adds to its step's own metric, in 1e-9 of the error
        that was left.
    """
    works = {
        s.id: Work(
            work_id(s.id),
            s.contributor,
            s.step,
            tuple(work_id(p) for p in s.parents),
            gain=attested_gain(s, metrics[s.step, s.metric_version]),
        )
        for s in state.submissions.values()
        if s.challenge == challenge.spec.id and s.solution_cid and s.step in challenge.steps
    }
    chains = tuple(tuple(works[s.id] for s in one.adopted) for one in versions)
    local = tuple(
        Work(work_id(s.id), s.contributor, s.step, works[s.id].parents, gain=local_gains[s.id])
        for one in versions
        for s in one.local
    )
    settled = {w.id for chain in chains for w in chain} | {w.id for w in local}
    return Epoch(
        chains,
        records=local,
        reviews=tuple(_reviews(state, challenge.spec.id, versions, epoch)),
        lineage=tuple(w for w in works.values() if w.id not in settled),
    )


def attested_gain(submission: Submission, metric: Metric) -> int:
    """Give a record's gain as the part of its step's remaining error that it removed, in 1e-9.

    Gains on metrics of different units can be compared so: the error that was left is the way
    from the score before to the end of the metric's range.
    """
    before, gain = submission.before_wad, submission.improvement_wad
    if submission.status != STANDING or before is None or gain is None:
        return 0
    left = abs(to_wad(metric.best) - before)
    return min(NANO, max(0, gain) * NANO // left) if left else 0


def _reviews(
    state: LedgerState, challenge: str, versions: tuple[Versions, ...], epoch: int
) -> Iterable[Review]:
    """Give reviews that the ledger proved right, by people with a record of their own.

    `reproduced` of a record that stands, or `concern` about one that was struck; one of each
    reviewer for each submission, and none of one's own.
    """
    steps = {one.step: {s.id for s in one.adopted} for one in versions}
    holders = {
        state.submissions[n].contributor
        for n in state.records.get(challenge, ())
        if not state.submissions[n].is_baseline
    }
    for number, found in sorted(state.reviews.items()):
        submission = state.submissions[number]
        if submission.challenge != challenge:
            continue
        stands = number in steps.get(submission.step, set())
        is_struck = submission.status == "struck" and submission.epoch == epoch
        right = "reproduced" if stands else "concern" if is_struck else ""
        who = sorted(
            {
                r.who
                for r in found
                if r.opinion == right and r.who in holders - {submission.contributor}
            }
        )
        for reviewer in who:
            yield Review(f"{work_id(number)}/{reviewer}", reviewer, submission.step)

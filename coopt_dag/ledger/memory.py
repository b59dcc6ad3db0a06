"""The ledger's rules in plain Python: the reference that the contract is compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.gate import improvement_wad, is_record
from coopt_dag.ledger import actions as ac
from coopt_dag.ledger import events as ev
from coopt_dag.ledger.protocol import Head, Receipt
from coopt_dag.ledger.refusals import refused
from coopt_dag.ledger.state import LedgerState, Submission, project

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.protocol import Signer

MIN_LEASE_S = 60
MAX_LEASE_S = 30 * 86_400
MAX_PARENTS = 64
_MAX_SCORE = (2**255 - 1) // 2
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_ZERO = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class MemorySigner:
    """An address without a key."""

    address: str

    def sign(self, transaction: dict[str, Any]) -> bytes:  # noqa: ARG002  # the protocol's
        """Give nothing: no chain listens."""
        return b""


@dataclass(slots=True)
class MemoryLedger:
    """A ledger that ends with its process; `clock` gives seconds since 1970."""

    clock: Callable[[], int]
    _events: list[ev.Event] = field(default_factory=list)
    _state: LedgerState = field(default_factory=LedgerState)

    def send(self, action: ac.Action, *, signer: Signer) -> Receipt:
        """Take an action under the contract's rules."""
        now = self.clock()
        fields = self._judge(action, signer.address, now)
        number = len(self._events)
        tx_hash = "0x" + sha256(f"{number}:{action!r}".encode()).hexdigest()
        event = fields.pop("_class")(
            seq=number, block=number + 1, time=now, tx_hash=tx_hash, actor=signer.address, **fields
        )
        self._events.append(event)
        project([event], self._state)
        return Receipt(tx_hash, event.block, (event,), 0)

    def events(self, *, after: int = -1) -> list[ev.Event]:
        """Give all events above `after`."""
        return self._events[after + 1 :]

    def head(self) -> Head:
        """Give the present end."""
        last = self._events[-1].tx_hash if self._events else "0x" + "0" * 64
        return Head(len(self._events), last, self.clock())

    def close(self) -> None:
        """Nothing to let go of."""

    def _judge(  # noqa: C901, PLR0911  # one case an action
        self, action: ac.Action, who: str, now: int
    ) -> dict[str, Any]:
        match action:
            case ac.RegisterChallenge():
                return self._register_challenge(action)
            case ac.RegisterStep():
                return self._register_step(action, who)
            case ac.Claim():
                return self._claim(action, who, now)
            case ac.Release():
                return self._release(action, who, now)
            case ac.Submit():
                return self._submit(action, who, now)
            case ac.Score():
                return self._score(action, who)
            case ac.Reject():
                return self._reject(action, who)
            case ac.Rescore():
                return self._rescore(action, who)
            case ac.Anchor():
                return self._anchor(action)
            case ac.Seal():
                return self._seal(action, who)
            case ac.Unseal():
                return self._unseal(action, who)

    def _register_challenge(self, action: ac.RegisterChallenge) -> dict[str, Any]:
        _require_name(action.challenge)
        _require_cid(action.manifest_cid)
        if action.challenge in self._state.challenges:
            raise refused("ChallengeExists")
        if not action.evaluators:
            raise refused("NoEvaluators")
        if _ZERO in action.evaluators:
            raise refused("BadEvaluator")
        return {
            "_class": ev.ChallengeRegistered,
            "challenge": action.challenge,
            "manifest_cid": action.manifest_cid,
            "evaluators": action.evaluators,
            "slots": action.slots,
            "closes_at": action.closes_at,
        }

    def _register_step(self, action: ac.RegisterStep, who: str) -> dict[str, Any]:
        self._require_owner(action.challenge, who)
        _require_name(action.step)
        _require_cid(action.spec_cid)
        if (action.challenge, action.step) in self._state.steps:
            raise refused("StepExists")
        return {
            "_class": ev.StepRegistered,
            "challenge": action.challenge,
            "step": action.step,
            "spec_cid": action.spec_cid,
            "direction": action.direction,
            "min_delta_wad": action.min_delta_wad,
            "claim_cap": action.claim_cap,
        }

    def _require_step(self, challenge: str, step: str) -> None:
        if (challenge, step) not in self._state.steps:
            raise refused("UnknownStep")

    def _is_live(self, challenge: str, step: str, who: str, now: int) -> bool:
        return self._state.claims.get((challenge, step, who), 0) > now

    def _claim(self, action: ac.Claim, who: str, now: int) -> dict[str, Any]:
        self._require_step(action.challenge, action.step)
        if not MIN_LEASE_S <= action.duration_s <= MAX_LEASE_S:
            raise refused("BadDuration")
        cap = self._state.steps[action.challenge, action.step].claim_cap
        if cap and not self._is_live(action.challenge, action.step, who, now):
            live = self._state.live_claims(action.challenge, action.step, now=now)
            if len(live) >= cap:
                raise refused("ClaimsFull")
        return {
            "_class": ev.Claimed,
            "challenge": action.challenge,
            "step": action.step,
            "expires_at": now + action.duration_s,
        }

    def _release(self, action: ac.Release, who: str, now: int) -> dict[str, Any]:
        self._require_step(action.challenge, action.step)
        if not self._is_live(action.challenge, action.step, who, now):
            raise refused("NoLiveClaim")
        return {"_class": ev.Released, "challenge": action.challenge, "step": action.step}

    def _submit(self, action: ac.Submit, who: str, now: int) -> dict[str, Any]:
        self._require_step(action.challenge, action.step)
        _require_cid(action.solution_cid)
        place = action.challenge, action.step
        first = all((s.challenge, s.step) != place for s in self._state.submissions.values())
        is_baseline = first and self._state.challenges[action.challenge].owner == who
        if not is_baseline:
            if not self._is_live(*place, who, now):
                raise refused("NoLiveClaim")
            if not self._state.is_open(action.challenge, now=now):
                raise refused("SubmissionsClosed")
            if self._state.slots_left(*place, who) == 0:
                raise refused("NoSlotLeft")
        self._require_parents(action)
        return {
            "_class": ev.Submitted,
            "submission_id": len(self._state.submissions) + 1,
            "challenge": action.challenge,
            "step": action.step,
            "solution_cid": action.solution_cid,
            "parents": action.parents,
        }

    def _require_parents(self, action: ac.Submit) -> None:
        if len(action.parents) > MAX_PARENTS:
            raise refused("TooManyParents")
        previous = 0
        for parent in action.parents:
            if parent <= previous:
                raise refused("ParentsNotRising")
            previous = parent
            known = self._state.submissions.get(parent)
            if known is None or known.challenge != action.challenge:
                raise refused("UnknownParent")

    def _require_pending(self, submission_id: int, who: str) -> Submission:
        entry = self._state.submissions.get(submission_id)
        if entry is None:
            raise refused("UnknownSubmission")
        self._require_evaluator(entry.challenge, who)
        if entry.status != "pending":
            raise refused("AlreadyJudged")
        return entry

    def _require_evaluator(self, challenge: str, who: str) -> None:
        if who not in self._state.challenges[challenge].evaluators:
            raise refused("NotEvaluator")

    def _score(self, action: ac.Score, who: str) -> dict[str, Any]:
        entry = self._require_pending(action.submission_id, who)
        head = self._state.head(entry.challenge, entry.step)
        if head is not None and entry.contributor == who:
            raise refused("NotIndependent")
        _require_score(action.step_score_wad)
        _require_score(action.e2e_score_wad)
        _require_cid(action.report_cid)
        rules = self._state.steps[entry.challenge, entry.step]
        before, after = (None if head is None else head.score_wad), action.step_score_wad
        return {
            "_class": ev.Scored,
            "submission_id": entry.id,
            "challenge": entry.challenge,
            "step": entry.step,
            "contributor": entry.contributor,
            "score_wad": after,
            "before_wad": before,
            "improvement_wad": 0
            if before is None
            else improvement_wad(direction=rules.direction, before_wad=before, after_wad=after),
            "is_record": is_record(
                direction=rules.direction,
                before_wad=before,
                after_wad=after,
                min_delta_wad=rules.min_delta_wad,
            ),
            "e2e_score_wad": action.e2e_score_wad,
            "report_cid": action.report_cid,
        }

    def _reject(self, action: ac.Reject, who: str) -> dict[str, Any]:
        entry = self._require_pending(action.submission_id, who)
        if not 1 <= len(action.reason.encode()) <= 31:
            raise refused("BadReason")
        _require_cid(action.report_cid)
        return {
            "_class": ev.Rejected,
            "submission_id": entry.id,
            "challenge": entry.challenge,
            "step": entry.step,
            "contributor": entry.contributor,
            "reason": action.reason,
            "report_cid": action.report_cid,
        }

    def _rescore(self, action: ac.Rescore, who: str) -> dict[str, Any]:
        self._require_step(action.challenge, action.step)
        self._require_evaluator(action.challenge, who)
        head = self._state.head(action.challenge, action.step)
        if head is None:
            raise refused("NoHead")
        cause = self._state.submissions.get(action.because)
        if cause is None or cause.challenge != action.challenge:
            raise refused("UnknownSubmission")
        _require_score(action.score_wad)
        return {
            "_class": ev.HeadRescored,
            "challenge": action.challenge,
            "step": action.step,
            "old_wad": head.score_wad,
            "new_wad": action.score_wad,
            "because": action.because,
        }

    def _anchor(self, action: ac.Anchor) -> dict[str, Any]:
        if action.challenge not in self._state.challenges:
            raise refused("UnknownChallenge")
        if not 1 <= len(action.revision.encode()) <= 64:
            raise refused("BadRevision")
        _require_cid(action.root_cid)
        return {
            "_class": ev.Anchored,
            "challenge": action.challenge,
            "revision": action.revision,
            "root_cid": action.root_cid,
        }

    def _require_owner(self, challenge: str, who: str) -> None:
        entry = self._state.challenges.get(challenge)
        if entry is None:
            raise refused("UnknownChallenge")
        if entry.owner != who:
            raise refused("NotOwner")

    def _seal(self, action: ac.Seal, who: str) -> dict[str, Any]:
        self._require_owner(action.challenge, who)
        if len(bytes.fromhex(action.root)) != 32 or not action.root.strip("0"):
            raise refused("BadRoot")
        _require_cid(action.sealed_cid)
        return {
            "_class": ev.Sealed,
            "challenge": action.challenge,
            "epoch": len(self._state.seals.get(action.challenge, ())) + 1,
            "root": action.root,
            "sealed_cid": action.sealed_cid,
        }

    def _unseal(self, action: ac.Unseal, who: str) -> dict[str, Any]:
        self._require_owner(action.challenge, who)
        seals = self._state.seals.get(action.challenge, [])
        if not 1 <= action.epoch <= len(seals):
            raise refused("UnknownEpoch")
        if seals[action.epoch - 1].is_open:
            raise refused("AlreadyUnsealed")
        _require_cid(action.keys_cid)
        return {
            "_class": ev.Unsealed,
            "challenge": action.challenge,
            "epoch": action.epoch,
            "keys_cid": action.keys_cid,
        }


def _require_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise refused("BadName")


def _require_cid(cid: str) -> None:
    if not 1 <= len(cid.encode()) <= 128:
        raise refused("BadCid")


def _require_score(value: int) -> None:
    if abs(value) > _MAX_SCORE:
        raise refused("ScoreOutOfRange")

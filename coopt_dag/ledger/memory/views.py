"""What the contracts answer when they are asked: the same structures, as tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.hashing import challenge_key, step_key
from coopt_dag.ledger.memory import registry
from coopt_dag.ledger.memory.bounties import require_bounty, root_of
from coopt_dag.ledger.memory.claims import lease_of
from coopt_dag.ledger.memory.storage import NOBODY, Dispute
from coopt_dag.ledger.memory.submissions import require_submission
from coopt_dag.ledger.names import DIRECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.memory.turn import Turn

STATUSES = ("committed", "pending", "rejected", "no_gain", "record", "contested", "struck")


def read(turn: Turn, function: str, *arguments: Any) -> Any:
    """Answer a view; keys are 32 bytes and addresses of any case, as web3 takes them."""
    plain = [a.lower() if isinstance(a, str) and a.startswith("0x") else a for a in arguments]
    return _VIEWS[function](turn, *plain)


def _name_of(turn: Turn, key: bytes) -> str:
    known = {challenge_key(name): name for name in turn.world.challenges}
    return known.get(key, "")


def _step_of(turn: Turn, challenge: str, step: str) -> tuple[Any, ...]:
    entry = registry.require_step(turn, challenge, step)
    return (
        challenge_key(challenge),
        *(entry.head_score, entry.head_id, entry.first_id, entry.metric_version),
        *(entry.claim_cap, DIRECTIONS.index(entry.direction), entry.is_stale),
        entry.changes,
        *(entry.min_delta, entry.tolerance),
    )


def _lease_of(turn: Turn, challenge: str, step: str, holder: str) -> tuple[Any, ...]:
    entry = lease_of(turn, (challenge, step), holder)
    return (entry.since, entry.until, entry.delivered)


def _submission_of(turn: Turn, number: int) -> tuple[Any, ...]:
    entry = require_submission(turn, number)
    return (
        *(step_key(*entry.place), entry.contributor, STATUSES.index(entry.status)),
        *(entry.committed, entry.revealed, entry.withheld, entry.metric),
        *(entry.deadline, bytes.fromhex(entry.word)),
    )


def _dispute_of(turn: Turn, number: int) -> tuple[Any, ...]:
    entry = turn.world.disputes.get(number, Dispute(NOBODY, 0, 0))
    return (entry.disputer, entry.bond_wei, entry.vote_by)


def _bounty_of(turn: Turn, number: int) -> tuple[Any, ...]:
    entry = require_bounty(turn, number)
    return (
        *(challenge_key(entry.challenge), entry.sponsor, entry.deadline),
        *(entry.epoch, entry.round, entry.asset, entry.left, entry.payee, entry.share),
    )


def _settlement_of(turn: Turn, key: bytes, epoch: int) -> tuple[Any, ...]:
    entry = root_of(turn, _name_of(turn, key), epoch)
    return (
        *(bytes.fromhex(entry.root), entry.credit_left, entry.final_at, entry.round),
        *(entry.is_contested, entry.proposer, entry.credit, entry.disputer),
        *(entry.bond_wei, entry.vote_by),
    )


def _credit_of(turn: Turn, key: bytes, account: str) -> int:
    return turn.world.credit.get((_name_of(turn, key), account), 0)


def _owed_to(turn: Turn, account: str) -> int:
    return turn.world.owed.get((turn.home, account), 0)


def _is_nonce_used(turn: Turn, signer: str, nonce: int) -> bool:
    return (turn.home, signer, nonce) in turn.world.spent


def _is_evaluator(turn: Turn, key: bytes, account: str) -> bool:
    return registry.is_evaluator(turn, _name_of(turn, key), account)


def _majority_of(turn: Turn, key: bytes, barred: str, other: str) -> int:
    return registry.majority_of(turn, _name_of(turn, key), barred, other)


def _is_paused(turn: Turn) -> bool:
    return turn.now < turn.world.brake.get("until", 0)


_VIEWS: dict[str, Callable[..., Any]] = {
    "stepOf": _step_of,
    "leaseOf": _lease_of,
    "submissionOf": _submission_of,
    "disputeOf": _dispute_of,
    "bountyOf": _bounty_of,
    "settlementOf": _settlement_of,
    "creditOf": _credit_of,
    "owedTo": _owed_to,
    "isNonceUsed": _is_nonce_used,
    "isEvaluator": _is_evaluator,
    "majorityOf": _majority_of,
    "isPaused": _is_paused,
}

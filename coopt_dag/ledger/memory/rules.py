"""Which rule takes which action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger import actions as ac
from coopt_dag.ledger.codec import decode_call
from coopt_dag.ledger.hashing import challenge_key
from coopt_dag.ledger.memory import (
    attestations,
    bounties,
    brake,
    claims,
    disputes,
    notes,
    owners,
    records,
    registry,
    relaying,
    settlements,
    submissions,
)
from coopt_dag.ledger.refusals import UNNAMED, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.ledger.memory.turn import Turn

_RULES: dict[type, Callable[[Turn, Any], None]] = {
    ac.RegisterChallenge: registry.register_challenge,
    ac.AddEvaluator: registry.add_evaluator,
    ac.RetireEvaluator: registry.retire_evaluator,
    ac.RegisterStep: registry.register_step,
    ac.Seal: owners.seal,
    ac.Unseal: owners.unseal,
    ac.ProposeMetric: owners.propose_metric,
    ac.ActivateMetric: owners.activate_metric,
    ac.Claim: claims.claim,
    ac.Release: claims.release,
    ac.Commit: submissions.commit,
    ac.Reveal: submissions.reveal,
    ac.Score: records.score,
    ac.Reject: records.reject,
    ac.Rescore: records.rescore,
    ac.CommitScores: attestations.commit_scores,
    ac.RevealScores: attestations.reveal_scores,
    ac.PublishOpening: attestations.publish_opening,
    ac.ExpireRound: attestations.expire_round,
    ac.Dispute: disputes.dispute,
    ac.Decide: disputes.decide,
    ac.Lapse: disputes.lapse,
    ac.Withdraw: bounties.withdraw,
    ac.Fund: bounties.fund,
    ac.Refund: bounties.refund,
    ac.ReleaseGrant: bounties.release_grant,
    ac.ProposeSettlement: settlements.propose_settlement,
    ac.DisputeSettlement: settlements.dispute_settlement,
    ac.DecideSettlement: settlements.decide_settlement,
    ac.LapseSettlement: settlements.lapse_settlement,
    ac.Redeem: settlements.redeem,
    ac.Anchor: notes.anchor,
    ac.AnchorBatch: notes.anchor_batch,
    ac.Review: notes.review,
    ac.Endorse: notes.endorse,
    ac.CancelNonce: relaying.cancel_nonce,
    ac.Pause: brake.pause,
    ac.Unpause: brake.unpause,
}


def play(turn: Turn, data: bytes) -> None:
    """Take a call's data as the called contract would.

    Raises
    ------
    LedgerRefusedError
        A rule refuses; `turn.world` may be changed half way, and is to be restored.
    """
    names = {challenge_key(name).hex(): name for name in turn.world.challenges}
    action = decode_call(turn.home, data, names)
    if turn.value and not _takes_coin(action):
        raise refused(UNNAMED)
    if isinstance(action, ac.Relay):
        relaying.relay(turn, action, play)
    else:
        _RULES[type(action)](turn, action)


def _takes_coin(action: ac.Action) -> bool:
    if isinstance(action, ac.Relay):
        return len(action.requests) == 1
    return isinstance(action, ac.Fund | ac.Dispute | ac.DisputeSettlement)

"""Evaluators' voices: who may judge, and whether they said so (`Relayed.sol`, `Registry.sol`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.memory.registry import is_evaluator
from coopt_dag.ledger.memory.storage import NOBODY
from coopt_dag.ledger.refusals import refused
from coopt_dag.ledger.typed import message, recover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.ledger.actions import Vote
    from coopt_dag.ledger.memory.turn import Turn


def require_judge(turn: Turn, challenge: str, who: str, *, barred: str = NOBODY) -> None:
    """Insist on an account that may judge now and is not barred."""
    if not is_evaluator(turn, challenge, who):
        raise refused("NotEvaluator")
    if who == barred:
        raise refused("NotIndependent")


def require_signature(turn: Turn, who: str, signature: str, purpose: str, **values: Any) -> None:
    """Insist on a signature over typed data; none at all stands for the caller's own."""
    if not signature:
        if who != turn.who:
            raise refused("BadSignature")
    elif recover(message(turn.domain, purpose, **values), signature) != who:
        raise refused("BadSignature")


def count_votes(
    turn: Turn, challenge: str, votes: Sequence[Vote], barred: str, purpose: str, **values: Any
) -> int:
    """Give the number of votes, each by another evaluator, all over the same typed data."""
    previous = NOBODY
    for vote in votes:
        if vote.evaluator <= previous:
            raise refused("VotesNotRising")
        previous = vote.evaluator
        require_judge(turn, challenge, vote.evaluator, barred=barred)
        require_signature(turn, vote.evaluator, vote.signature, purpose, **values)
    return len(votes)

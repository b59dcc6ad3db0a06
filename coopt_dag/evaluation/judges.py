"""Who judges a challenge, from when, until when: named and let go with a week's notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import LedgerRefusedError, UnknownNameError
from coopt_dag.ledger.actions import AddEvaluator, RetireEvaluator

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import LedgerState


def known_challenge(state: LedgerState, challenge: str) -> None:
    """Insist that a challenge is on the ledger.

    Raises
    ------
    UnknownNameError
        It is not.
    """
    if challenge not in state.challenges:
        hint = "" if state.challenges else f"coopt challenge register {challenge}"
        raise UnknownNameError("challenge on the ledger", challenge, state.challenges, hint=hint)


def add(desk: Desk, challenge: str, who: str) -> Receipt:
    """Name another evaluator; only the owner may.

    Raises
    ------
    LedgerRefusedError
        It was named before: who left is not named again.
    """
    state = desk.state()
    known_challenge(state, challenge)
    if who in state.challenges[challenge].evaluators:
        raise LedgerRefusedError(
            "BadEvaluator",
            f"{who} was named before",
            hint="who left needs another key to come back",
        )
    return desk.send(AddEvaluator(challenge, who))


def retire(desk: Desk, challenge: str, who: str) -> Receipt:
    """Let an evaluator go; only the owner may.

    Raises
    ------
    LedgerRefusedError
        It is none.
    """
    state = desk.state()
    known_challenge(state, challenge)
    if who not in state.challenges[challenge].evaluators:
        raise LedgerRefusedError(
            "BadEvaluator",
            f"{who} is no evaluator of '{challenge}'",
            hint=f"coopt evaluators {challenge} lists them",
        )
    return desk.send(RetireEvaluator(challenge, who))

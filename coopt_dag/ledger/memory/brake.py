"""The brake against new things (`CooptGuard.sol`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.ledger import events as ev
from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from coopt_dag.ledger import actions as ac
    from coopt_dag.ledger.memory.turn import Turn

MAX_PAUSE_S = 7 * 86_400


def pause(turn: Turn, action: ac.Pause) -> None:  # noqa: ARG001  # the turn says it all
    """Stop new things for a week, and then not for another week."""
    _require_guardian(turn)
    if turn.now < turn.world.brake.get("not_before", 0):
        raise refused("TooSoon")
    until = turn.now + MAX_PAUSE_S
    turn.world.brake.update(until=until, not_before=until + MAX_PAUSE_S)
    turn.tell(ev.PauseStarted, until=until)


def unpause(turn: Turn, action: ac.Unpause) -> None:  # noqa: ARG001  # the turn says it all
    """End a pause early."""
    _require_guardian(turn)
    turn.world.brake["until"] = turn.now
    turn.tell(ev.PauseEnded)


def _require_guardian(turn: Turn) -> None:
    if turn.who != turn.guardian:
        raise refused("AccessControlUnauthorizedAccount")

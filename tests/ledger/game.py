"""A game of all actions on two ledgers.

Moves are random, but most look first at what is there (a record to dispute, a round to open), so
that play gets deep; the rest is noise that rules must refuse. Time jumps to the edges of windows.
Each move throws dice of its own, so that hypothesis can leave moves out of a game that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import rule

from .dice import Dice
from .moves_relay import RelayMoves

MOVES = {
    "register_challenge": 2,
    "change_the_panel": 2,
    "register_step": 1,
    "seal": 1,
    "unseal": 2,
    "change_the_metric": 1,
    "brake": 1,
    "claim": 3,
    "release": 1,
    "commit": 2,
    "reveal": 2,
    "deliver": 9,
    "judge_alone": 4,
    "commit_scores": 6,
    "open_scores": 6,
    "expire_round": 3,
    "judge_together": 9,
    "rescore": 3,
    "dispute": 4,
    "decide": 6,
    "lapse": 2,
    "withdraw": 2,
    "fund": 4,
    "refund": 2,
    "release_grant": 2,
    "propose_settlement": 4,
    "redeem": 5,
    "dispute_settlement": 2,
    "decide_settlement": 3,
    "lapse_settlement": 1,
    "note": 4,
    "bring": 7,
    "wait_for_an_edge": 6,
}


class Game(RelayMoves):
    """Each move is one of these, by their weights; `open_chain` says on which chain."""

    @rule(seed=st.integers(0, 2**63))
    def move(self, seed: int) -> None:
        """Somebody does something."""
        dice = Dice(seed)
        (chosen,) = dice.rng.choices(list(MOVES), list(MOVES.values()))
        if self.is_idle(chosen) and not dice.seldom():
            return
        getattr(self, chosen)(dice)

    def is_idle(self, move: str) -> bool:
        """Whether there is nothing for a move to act on, so that it would be noise."""
        wanted: dict[str, Sequence[Any]] = {
            "reveal": self.with_status("committed"),
            "judge_alone": [n for n in self.with_status("pending") if self.is_at(n, "solo")],
            "judge_together": self.untouched(),
            "commit_scores": self.with_status("pending"),
            "open_scores": self.open_rounds(),
            "expire_round": self.open_rounds(),
            "dispute": self.disputable(),
            "propose_settlement": self.closed_epochs(),
            "decide": self.with_status("contested"),
            "lapse": self.with_status("contested"),
            "withdraw": list(self.world.owed),
            "refund": list(self.world.bounties),
            "release_grant": self.grants(),
            "redeem": list(self.tables),
            "dispute_settlement": self.open_roots(),
            "decide_settlement": self.contested_roots(),
            "lapse_settlement": self.contested_roots(),
            "rescore": [step for step in self.world.steps.values() if step.head_id],
        }
        return move in wanted and not wanted[move]

"""Reviews and endorsements: what people say of others' submissions; no credit follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.evaluation.disputes import submission_of
from coopt_dag.ledger.actions import Endorse, Review

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt


def review(desk: Desk, number: int, opinion: str, review_cid: str) -> Receipt:
    """Say what one found in another's submission: comment, reproduced or concern."""
    submission_of(desk.state(), number)
    return desk.send(Review(number, opinion, review_cid))


def endorse(desk: Desk, number: int) -> Receipt:
    """Stand behind another's submission, once."""
    submission_of(desk.state(), number)
    return desk.send(Endorse(number))

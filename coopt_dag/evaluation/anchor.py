"""The ledger's word for which root holds a revision's artifacts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import UnknownNameError
from coopt_dag.ledger.actions import Anchor

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.state import LedgerState


@dataclass(frozen=True, slots=True)
class Anchoring:
    """What `anchor` did: `new` is false if the ledger said the same already."""

    challenge: str
    revision: str
    root_cid: str
    tx_hash: str
    new: bool

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """One anchor; official ones are by the challenge's owner or an evaluator."""

    revision: str
    who: str
    cid: str
    time: int
    tx_hash: str
    official: bool

    def to_json(self) -> dict[str, Any]:
        """Give the row as plain data."""
        return asdict(self)


def anchor(desk: Desk, challenge: str, revision: str, root_cid: str) -> Anchoring:
    """Record a root; if we recorded the same one last for this revision, do nothing.

    Raises
    ------
    UnknownNameError
        The challenge is not on the ledger.
    """
    state = _known(desk, challenge)
    mine = [
        a
        for a in state.anchors.get(challenge, ())
        if a.who == desk.identity.address and a.revision == revision
    ]
    if mine and mine[-1].root_cid == root_cid:
        return Anchoring(challenge, revision, root_cid, mine[-1].tx_hash, new=False)
    receipt = desk.send(Anchor(challenge, revision, root_cid))
    return Anchoring(challenge, revision, root_cid, receipt.tx_hash, new=True)


def anchors_of(desk: Desk, challenge: str) -> list[AnchorRow]:
    """Give all anchors of a challenge, oldest first."""
    state = _known(desk, challenge)
    entry = state.challenges[challenge]
    trusted = {entry.owner, *entry.evaluators}
    return [
        AnchorRow(a.revision, a.who, a.root_cid, a.time, a.tx_hash, a.who in trusted)
        for a in state.anchors.get(challenge, ())
    ]


def _known(desk: Desk, challenge: str) -> LedgerState:
    state = desk.state()
    if challenge not in state.challenges:
        hint = "" if state.challenges else f"coopt challenge register {challenge}"
        raise UnknownNameError("challenge on the ledger", challenge, state.challenges, hint=hint)
    return state

"""Promised solutions: what was committed to and must be revealed, kept until the ledger has it.

Between commitment and reveal only this file knows the salt. It is written before the commitment
is sent, so that a submission that was cut short goes on where it was.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from coopt_dag.ledger.hashing import commitment_of
from coopt_dag.ledger.whole import write_whole
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.state import LedgerState, Submission

ROOM = "promises"


@dataclass(frozen=True, slots=True)
class Promise:
    """A solution, and the salt that hides it."""

    challenge: str
    step: str
    contributor: str
    solution_cid: str
    parents: tuple[int, ...]
    salt: str

    @property
    def commitment(self) -> str:
        """Give what goes to the ledger first, 64 hex digits."""
        place = self.challenge, self.step
        return commitment_of(place, self.contributor, self.solution_cid, self.parents, self.salt)

    def on(self, state: LedgerState) -> Submission | None:
        """Give the submission that was made of it, if there is one.

        Others may commit to the same hash, which they can copy and never reveal.
        """
        wanted = (self.commitment, self.contributor, self.challenge, self.step)
        for s in reversed(state.submissions.values()):
            if (s.commitment, s.contributor, s.challenge, s.step) == wanted:
                return s
        return None


def promise(
    desk: Desk, place: tuple[str, str], solution_cid: str, parents: tuple[int, ...]
) -> Promise:
    """Give the promise of these very files that waits to be revealed, or make one."""
    who = desk.identity.address
    for known in _kept(desk):
        found = known.contributor, known.solution_cid, (known.challenge, known.step)
        if found == (who, solution_cid, place):
            return known
    made = Promise(*place, who, solution_cid, parents, secrets.token_hex(32))
    _keep(desk, made)
    return made


def forget(desk: Desk, kept: Promise) -> None:
    """Drop a promise: it was revealed, or nobody can reveal it any more."""
    _path(desk, kept).unlink(missing_ok=True)


def _path(desk: Desk, kept: Promise) -> Path:
    return desk.workspace.state_dir / ROOM / f"{kept.commitment}.json"


def _kept(desk: Desk) -> list[Promise]:
    folder = desk.workspace.state_dir / ROOM
    found = []
    for path in sorted(folder.glob("*.json")):
        document = read_json(path.read_bytes())
        document.pop("schema")
        found.append(Promise(**{**document, "parents": tuple(document["parents"])}))
    return found


def _keep(desk: Desk, made: Promise) -> None:
    document = {"schema": "coopt/promise/1", **asdict(made)}
    write_whole(_path(desk, made), json.dumps(document, sort_keys=True, indent=1), private=True)

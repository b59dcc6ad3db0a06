"""Votes of evaluators that count together: signed one by one, sent when they are enough.

Each evaluator lays its vote into a folder that they share. Whoever finds enough sends them all.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.actions import Vote
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.typed import recover
from coopt_dag.ledger.whole import write_whole
from coopt_dag.model.json_text import read_json

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk

ROOM = "votes"
SCHEMA = "coopt/vote/1"


def folder_of(desk: Desk) -> Path:
    """Give the folder of votes: evaluators on several machines share its files."""
    return desk.workspace.state_dir / ROOM


def cast(desk: Desk, typed: dict[str, Any]) -> tuple[Vote, ...]:
    """Sign a vote, lay it down, and give all that are there for the same words.

    Parameters
    ----------
    typed
        What is signed, from `typed.message`.

    Returns
    -------
    tuple of Vote
        Rising by address, each with a signature that holds.
    """
    folder = folder_of(desk) / _name(typed)
    mine = Vote(desk.identity.address, desk.identity.sign_typed(typed))
    text = json.dumps(
        {
            "schema": SCHEMA,
            "typed": typed,
            "evaluator": mine.evaluator,
            "signature": mine.signature,
        },
        sort_keys=True,
        indent=1,
    )
    write_whole(folder / f"{mine.evaluator}.json", text + "\n")
    return gathered(desk, typed)


def nearest(desk: Desk, typed: dict[str, Any], *, field: str, within: int) -> dict[str, Any]:
    """Give words that somebody voted for and that are the same but for a number nearby.

    Machines differ in the last digits, and votes count together only for the very same words.
    """
    for path in sorted(folder_of(desk).glob("*/*.json")):
        other = _words(path)
        if other is None or other["domain"] != typed["domain"]:
            continue
        if other["purpose"] != typed["primaryType"]:
            continue
        ours, theirs = dict(typed["message"]), dict(other["message"])
        mine, its = ours.pop(field), theirs.pop(field, None)
        if ours == theirs and isinstance(its, int) and abs(mine - its) <= within:
            return {**typed, "message": {**typed["message"], field: its}}
    return typed


def own_number(desk: Desk, typed: dict[str, Any], *, field: str) -> int | None:
    """Give the number that this desk's evaluator voted for in `field`, all else being the same."""
    for path in sorted(folder_of(desk).glob(f"*/{desk.identity.address}.json")):
        other = _words(path)
        if other is None or other["domain"] != typed["domain"]:
            continue
        number = other["message"].get(field)
        same = {**typed["message"], field: number} == other["message"]
        if same and other["purpose"] == typed["primaryType"] and isinstance(number, int):
            return number
    return None


def laid_down(desk: Desk, purpose: str) -> list[dict[str, Any]]:
    """Give the different messages of a kind that lie in the folder; nobody has checked them."""
    found = {}
    for path in sorted(folder_of(desk).glob("*/*.json")):
        words = _words(path)
        if words is not None and words["purpose"] == purpose:
            found[path.parent.name] = words["message"]
    return [found[name] for name in sorted(found)]


def gathered(desk: Desk, typed: dict[str, Any]) -> tuple[Vote, ...]:
    """Give the votes that were laid down for the same words; what is no vote is passed over."""
    found = {}
    for path in sorted((folder_of(desk) / _name(typed)).glob("*.json")):
        vote = _read(path, typed)
        if vote is not None:
            found[vote.evaluator] = vote
    return tuple(found[who] for who in sorted(found))


def _words(path: Path) -> dict[str, Any] | None:
    try:
        typed = read_json(path.read_bytes())["typed"]
        return {
            "purpose": typed["primaryType"],
            "domain": typed["domain"],
            "message": dict(typed["message"]),
        }
    except (ValueError, KeyError, TypeError):
        return None


def _read(path: Path, typed: dict[str, Any]) -> Vote | None:
    try:
        document = read_json(path.read_bytes())
        signature = str(document["signature"])
        who = recover(typed, signature)
    except (ValueError, KeyError, TypeError):
        return None  # a stranger's file: it has no voice, and stops nobody
    return None if who is None or who != document.get("evaluator") else Vote(who, signature)


def _name(typed: dict[str, Any]) -> str:
    text = json.dumps([typed["domain"], typed["primaryType"], typed["message"]], sort_keys=True)
    return keccak(text.encode()).hex()[:32]

"""Two accounts of an evaluation: a public one, stored by CID, and the evaluator's own, with all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coopt_dag.evaluation.outputs import open_split
from coopt_dag.ledger.whole import write_whole
from coopt_dag.store.folders import add_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.evaluation.pipeline import Scores
    from coopt_dag.specs.loaded import LoadedChallenge

ROOM = "evaluations"


def publish_report(desk: Desk, submission_id: int, document: Mapping[str, Any]) -> str:
    """Store the report that everybody may read; give its CID."""
    head = {"schema": "coopt/report/1", "submission": submission_id}
    text = json.dumps(head | dict(document), sort_keys=True, indent=1)
    return add_bytes(desk.store, text.encode() + b"\n", pin=True)


def public_scores(challenge: LoadedChallenge, scores: Scores) -> dict[str, Any]:
    """Give what a contributor may see of a run: the public split's nodes and scores.

    No key of a hidden node, nor the plan's digest: both are made of hidden data's hashes.
    """
    split = open_split(challenge)
    if split is None or split not in scores.by_split:
        return {}
    found = scores.by_split[split]
    return {"split": split} | {k: found[k] for k in ("nodes", "steps", "end_to_end")}


def private_path(desk: Desk, submission_id: int) -> Path:
    """Give the file of the evaluator's own account of a submission."""
    return desk.workspace.state_dir / ROOM / f"{submission_id}.json"


def keep_private(desk: Desk, submission_id: int, document: Mapping[str, Any]) -> Path:
    """Keep the whole account on this machine, readable by its user alone."""
    path = private_path(desk, submission_id)
    head = {"schema": "coopt/evaluation/1", "submission": submission_id}
    text = json.dumps(head | dict(document), sort_keys=True, indent=1)
    write_whole(path, text + "\n", private=True)
    return path


def whole_account(scores: Scores, logs: str) -> dict[str, Any]:
    """Give everything about a run that succeeded: hidden scores, keys, where its logs lie."""
    return {
        "plan": scores.plan["digest"],
        "judged_on": scores.split,
        "splits": dict(scores.by_split),
        "logs": logs,
    }

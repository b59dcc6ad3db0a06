"""The demo's last act: data and results pushed by DVC, their root anchored on the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coopt_dag.cli.artifacts import REMOTE_NAME, ROOT_NAME
from coopt_dag.cli.printing import note
from coopt_dag.cli.wiring import content_store
from coopt_dag.store.dvc import WORKSPACE

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk

LADDER = "ladder.json"


def keep_artifacts(desk: Desk, challenge: str, ladder: list[dict[str, Any]]) -> str:
    """Track data and ladder by DVC, push them, anchor the root; give its CID.

    Outside of git, for the demo's folder lies, ignored, inside a repository of its own.
    """
    from coopt_dag.evaluation.anchor import anchor
    from coopt_dag.store.dvc.repository import Repository, set_up

    workspace = desk.workspace
    store = content_store(workspace)
    for line in set_up(
        workspace.root, name=REMOTE_NAME, volume=ROOT_NAME, api=None, store=store, under_git=False
    ):
        note(f"  {line}")
    results = workspace.results_dir / LADDER
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(ladder, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    repository = Repository(workspace.root, note)
    repository.track([workspace.data_dir / challenge, results])
    remote = repository.remote(REMOTE_NAME)
    sent = repository.push(remote, WORKSPACE)
    made = repository.revision(remote, WORKSPACE, keep=True)
    found = anchor(desk, challenge, WORKSPACE, str(made.root.cid))
    note(f"  {sent} objects pushed to {remote.url}; anchored in {found.tx_hash}")
    return found.root_cid

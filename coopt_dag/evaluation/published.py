"""What of a challenge everybody can have: its specification, by CID, as the ledger names it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError
from coopt_dag.model.step import Step
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.draft import BASELINE
from coopt_dag.specs.read import read_spec
from coopt_dag.specs.tree import file_sha256
from coopt_dag.specs.view import view_from
from coopt_dag.store.adding import SOLUTION_IGNORE
from coopt_dag.store.folders import add_path, fetch_path

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedStep

SOLUTIONS = "solutions"
CHALLENGE_IGNORE = (SOLUTIONS, *SOLUTION_IGNORE)
"""A challenge is published with its metrics and baselines; other solutions are their authors'."""
STEP_IGNORE = (SOLUTIONS, BASELINE, *SOLUTION_IGNORE)
"""A step's specification is its `step.yaml` and its metric."""


def publish_challenge(desk: Desk, challenge: LoadedChallenge) -> str:
    """Keep a challenge's folder in the store; give its CID."""
    return add_path(desk.store, challenge.path, ignore=CHALLENGE_IGNORE, pin=True)


def publish_step(desk: Desk, folder: Path) -> str:
    """Keep the specification of a step that lies in `folder`; give its CID."""
    return add_path(desk.store, folder, ignore=STEP_IGNORE, pin=True)


def fetch_challenge(desk: Desk, state: LedgerState, name: str) -> LoadedChallenge:
    """Bring a challenge from the store into the workspace, as it was registered.

    What is there already must be the same. `in_force` gives it with later metrics.

    Raises
    ------
    UsageError
        The workspace has another challenge of this name.
    ContentMissingError, IntegrityError
        The store lacks it, or holds something else.
    """
    folder = desk.workspace.steps_dir / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    cid = state.challenges[name].manifest_cid
    fetch_path(desk.store, cid, folder, ignore=CHALLENGE_IGNORE)
    return load_challenge(desk.workspace, name)


def in_force(desk: Desk, state: LedgerState, challenge: LoadedChallenge) -> LoadedChallenge:
    """Give a challenge whose metrics are those that the ledger has in force.

    Steps whose metric was never replaced are taken as they are in the workspace.
    """
    steps = dict(challenge.steps)
    for name, loaded in challenge.steps.items():
        entry = state.steps.get((challenge.spec.id, name))
        if entry is not None and entry.metric_version > 0:
            steps[name] = by_version(desk, loaded, entry.spec_cid)
    return replace(challenge, steps=steps)


def by_version(desk: Desk, step: LoadedStep, spec_cid: str) -> LoadedStep:
    """Give a step with the metric of a published specification; nothing else may differ.

    Raises
    ------
    ContentRefusedError
        What `spec_cid` names is no specification of this step.
    """
    folder = desk.content(spec_cid)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fetch_path(desk.store, spec_cid, folder, ignore=SOLUTION_IGNORE)
    spec = read_spec(folder / "step.yaml", Step, view=view_from(folder)).spec
    if (spec.id, spec.inputs, spec.outputs) != (step.spec.id, step.spec.inputs, step.spec.outputs):
        raise ContentRefusedError(
            f"is no other metric of step '{step.spec.id}': its name or its ports differ",
            path=spec_cid,
            hint="a metric version changes `metric` in step.yaml and the metric's code only",
        )
    code = folder / spec.metric.code
    if not code.is_file():
        raise ContentRefusedError(
            f"has no metric code '{spec.metric.code}'", path=spec_cid, hint="tell its owner"
        )
    return replace(step, spec=spec, path=folder, metric_sha256=file_sha256(code))

"""What an owner does with a step's metric: announce its next version, put it in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coopt_dag.errors import (
    LedgerRefusedError,
    SpecError,
    SpecGroupError,
    UnknownNameError,
    UsageError,
)
from coopt_dag.evaluation.judges import known_challenge
from coopt_dag.evaluation.outputs import open_split
from coopt_dag.evaluation.pipeline import score_pipeline
from coopt_dag.evaluation.published import STEP_IGNORE, by_version, publish_step
from coopt_dag.evaluation.submit import step_of
from coopt_dag.execution.planning import has_data
from coopt_dag.execution.request import EXAMPLE
from coopt_dag.ledger.actions import ActivateMetric, ProposeMetric
from coopt_dag.ledger.refusals import refused
from coopt_dag.model.step import Step
from coopt_dag.model.wad import to_wad
from coopt_dag.specs.checks.files import missing_file
from coopt_dag.specs.checks.scoring import step_metric_errors
from coopt_dag.specs.draft import read_draft
from coopt_dag.specs.read import read_spec
from coopt_dag.specs.view import view_from
from coopt_dag.store.folders import add_path

if TYPE_CHECKING:
    from pathlib import Path

    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Receipt
    from coopt_dag.ledger.state import LedgerState
    from coopt_dag.specs.loaded import LoadedChallenge

FIXED = ("id", "inputs", "outputs", "budget", "repeats")
"""Parts of a step that a metric version leaves as they are: solutions were made for them."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A metric version on the ledger that is not in force yet."""

    spec_cid: str
    epoch: int
    """Of the notice."""
    activates_in: int
    """The first epoch in which it can be put in force."""
    split: str
    """Where it was tried; empty if nothing was sent."""
    receipt: Receipt | None
    """None if the same version was announced before."""


@dataclass(frozen=True, slots=True)
class Activated:
    """A metric version that is in force now."""

    version: int
    epoch: int
    is_stale: bool
    """Whether there is a head, which must be scored anew."""
    receipt: Receipt


def require_step(state: LedgerState, challenge: str, step: str) -> None:
    """Insist that a step is on the ledger.

    Raises
    ------
    UnknownNameError
        The challenge is not, or it has no such step.
    """
    known_challenge(state, challenge)
    if (challenge, step) not in state.steps:
        raise UnknownNameError("step", step, [s for c, s in state.steps if c == challenge])


def propose(
    desk: Desk, challenge: LoadedChallenge, step: str, folder: Path, *, cores: int
) -> Announced:
    """Announce the metric of `folder`, a step.yaml with its code, as a step's next version.

    It is checked, and tried on the baselines first. The same version is announced once.

    Raises
    ------
    SpecGroupError
        The folder is no other metric of this step.
    ScoreInvalidError, NodeFailedError
        The metric gives the baseline no score.
    LedgerRefusedError
        Somebody else owns the challenge.
    """
    name, state = challenge.spec.id, desk.state()
    require_step(state, name, step)
    _require_owner(desk, state, name)
    spec = check_folder(challenge, step, folder)
    cid = add_path(desk.store, folder, ignore=STEP_IGNORE)
    if cid == state.steps[name, step].spec_cid:
        raise UsageError(
            f"is the metric that {name}/{step} has in force: {cid}",
            path=folder,
            hint="change the metric's code or its rules first",
        )
    known = state.announced.get((name, step))
    if known is not None and known.spec_cid == cid:
        return Announced(cid, known.epoch, known.epoch + 1, "", None)
    split = _try(desk, challenge, step, cid, cores=cores)
    metric = spec.metric
    publish_step(desk, folder)
    receipt = desk.send(
        ProposeMetric(
            *(name, step, cid, metric.direction),
            to_wad(metric.min_delta),
            to_wad(metric.tolerance),
        )
    )
    epoch = state.epoch(name)
    return Announced(cid, epoch, epoch + 1, split, receipt)


def check_folder(challenge: LoadedChallenge, step: str, folder: Path) -> Step:
    """Give the step.yaml of a folder if all but its metric is that of the step.

    Raises
    ------
    SpecGroupError
        Everything that does not fit.
    """
    old = step_of(challenge, step).spec
    view = view_from(folder)
    read = read_spec(folder / "step.yaml", Step, view=view)
    errors: list[SpecError] = [
        read.source.error(
            (part,),
            f"{part} differs from that of step '{step}'; a metric version changes the metric only.",
            hint=f"take {part} from {view.show(challenge.steps[step].path / 'step.yaml')}.",
        )
        for part in FIXED
        if getattr(read.spec, part) != getattr(old, part)
    ]
    draft = replace(read_draft(challenge.path, view=view), steps={step: read}, errors=[])
    errors += step_metric_errors(draft)
    errors += missing_file(read.source, ("metric", "code"), read.spec.metric.code)
    if errors:
        raise SpecGroupError(errors)
    return read.spec


def _try(desk: Desk, challenge: LoadedChallenge, step: str, cid: str, *, cores: int) -> str:
    """Score the baselines by a version that is in the store; give the split on which it ran."""
    loaded = challenge.steps[step]
    tried = replace(challenge, steps={**challenge.steps, step: by_version(desk, loaded, cid)})
    split = _trial_split(desk, challenge)
    baselines = {name: found.solutions["baseline"] for name, found in challenge.steps.items()}
    score_pipeline(desk.workspace, tried, baselines, splits=(split,), cores=cores)
    return split


def _trial_split(desk: Desk, challenge: LoadedChallenge) -> str:
    """Give the tiny example where there is one, else the public split."""
    public = open_split(challenge)
    if (challenge.path / EXAMPLE).is_dir():
        return EXAMPLE
    if public is not None and has_data(desk.workspace, challenge, [public]):
        return public
    raise UsageError(
        f"challenge '{challenge.spec.id}' has neither an example nor public data here, "
        "so the metric cannot be tried",
        hint=f"coopt data fetch {challenge.spec.id}",
    )


def activate(desk: Desk, challenge: str, step: str) -> Activated:
    """Put the announced version of a step's metric in force.

    Raises
    ------
    LedgerRefusedError
        Nothing is announced, it was announced in this very epoch, or somebody else is the owner.
    """
    state = desk.state()
    require_step(state, challenge, step)
    _require_owner(desk, state, challenge)
    place = challenge, step
    rules, coming, epoch = state.steps[place], state.announced.get(place), state.epoch(challenge)
    if coming is None:
        raise LedgerRefusedError(
            "NoProposal",
            f"no new metric is announced for {challenge}/{step}; "
            f"version {rules.metric_version} is in force",
            hint=f"coopt metric propose {challenge}/{step} --from FOLDER",
        )
    if epoch <= coming.epoch:
        raise LedgerRefusedError(
            "NotYet",
            f"the metric of {challenge}/{step} was announced in epoch {coming.epoch}, and this "
            "is that epoch still",
            hint=next_epoch(challenge, epoch),
        )
    receipt = desk.send(ActivateMetric(challenge, step))
    return Activated(rules.metric_version + 1, epoch, place in state.heads, receipt)


def next_epoch(challenge: str, epoch: int) -> str:
    """Tell an owner how the next epoch begins.

    >>> next_epoch("tiny", 0)
    'coopt seal tiny begins epoch 1'
    >>> next_epoch("tiny", 1)
    'coopt unseal tiny --epoch 1 and coopt settle tiny end this one; coopt seal tiny begins epoch 2'
    """
    if epoch == 0:
        return f"coopt seal {challenge} begins epoch 1"
    return (
        f"coopt unseal {challenge} --epoch {epoch} and coopt settle {challenge} end this one; "
        f"coopt seal {challenge} begins epoch {epoch + 1}"
    )


def _require_owner(desk: Desk, state: LedgerState, challenge: str) -> None:
    if state.challenges[challenge].owner != desk.identity.address:
        raise refused("NotOwner")

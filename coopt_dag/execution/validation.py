"""Measures a challenge's simulator by its own `validation.py`; done again only if it changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import NodeFailedError, SpecError
from coopt_dag.execution.harness.own import numbers
from coopt_dag.execution.owncode import Call, is_built, kept, order_of, perform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.execution.harness.job import Level
    from coopt_dag.execution.owncode import Order
    from coopt_dag.model.science import Validation
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

FILE = "measured.json"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, and whether it was now."""

    values: dict[str, float]
    fresh: bool


def measured(
    workspace: LoadedWorkspace,
    challenge: LoadedChallenge,
    *,
    cage: Level,
    tell: Callable[[str], None],
) -> Measured:
    """Give what the challenge's `measure` returns, from its last run if nothing changed.

    Raises
    ------
    SpecError
        The challenge has no `validation`.
    EnvironmentBuildError, IsolationError, NodeFailedError
        As `owncode.perform`.
    """
    spec = _validation(challenge)
    order = _order(workspace, challenge, spec, cage)
    folder, fresh = kept(workspace.root, order), False
    if folder is None:
        tell(
            f"{challenge.spec.id}: measuring the simulator with {spec.code} "
            f"({len(spec.checks)} checks, at most {spec.wall_s} s)"
        )
        (folder,), fresh = perform(workspace, challenge, [order]), True
    return Measured(_read(folder / FILE, order), fresh)


def can_measure(workspace: LoadedWorkspace, challenge: LoadedChallenge) -> bool:
    """Tell whether `measured` would need nothing from elsewhere: no environment to build."""
    order = _order(workspace, challenge, _validation(challenge), "strong")
    return is_built(challenge) or kept(workspace.root, order) is not None


def _validation(challenge: LoadedChallenge) -> Validation:
    if challenge.spec.validation is None:
        raise SpecError(
            f"challenge '{challenge.spec.id}' has no `validation`.",
            path=challenge.path / "challenge.yaml",
            hint="docs/science.md says how a simulator is validated",
        )
    return challenge.spec.validation


def _order(
    workspace: LoadedWorkspace, challenge: LoadedChallenge, spec: Validation, cage: Level
) -> Order:
    call = Call(
        purpose="validation",
        code=spec.code,
        function="measure",
        gives="numbers",
        outputs=(FILE,),
        seed=spec.seed,
        wall_s=spec.wall_s,
        mem_mb=spec.mem_mb,
    )
    return order_of(workspace, challenge, call, cage=cage)


def _read(file: Path, order: Order) -> dict[str, float]:
    """Read what a run left, which may not be what our harness wrote there."""
    try:
        with file.open("rb") as opened:
            return numbers(order["function"], json.loads(opened.read(_MAX_BYTES)))
    except (OSError, ValueError, RecursionError) as error:
        raise NodeFailedError(
            f"left no numbers in {FILE}: {error}", failure="invalid_output", path=order["code"]
        ) from error

"""What a score node left besides the score: losses of examples, or pseudo-values of groups."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.evaluation.examples import read_losses
from coopt_dag.execution.harness.job import folder_of
from coopt_dag.execution.results import read_score
from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_CLOSE = 1e-6
"""How near a metric must be to a function of the mean loss, relative to it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One metric of one work on one split, and what it is made of, in the order of the truth."""

    value: float
    losses: tuple[float, ...] | None = None
    """One an example, lower is better; None if the metric tells none."""
    pseudo: tuple[float, ...] | None = None
    """Jackknife pseudo-values of the metric, one a group; None if it has none."""


def read_parts(plan: Mapping[str, Any], split: str, root: Path, *, step: str | None) -> Parts:
    """Read the score node of a step in a plan of one pipeline; None stands for the whole.

    Raises
    ------
    FileNotFoundError
        It was not run here.
    """
    pipeline = next(p for p in plan["pipelines"] if p["split"] == split)
    key = pipeline["end_to_end"] if step is None else pipeline["scores"][step]
    document, folder = read_score(plan, root, key), root / folder_of(plan, key)
    losses, pseudo = document["losses"], document.get("jackknife")
    return Parts(
        float(document["value"]),
        None if losses is None else tuple(read_losses(folder / losses).tolist()),
        tuple(json.loads((folder / pseudo).read_text(encoding="utf-8"))) if pseudo else None,
    )


def unit_loss(before: Parts, after: Parts, *, direction: str) -> float | None:
    """Give by how much the mean loss moves when the metric moves by 1; None if nobody can tell.

    1 for a metric that is the mean of its losses, or differs from it by a constant. For the
    square root of the mean, such as RMSE, the sum of both values: a - b = (a^2 - b^2) / (a + b).

    Examples
    --------
    >>> unit_loss(Parts(2.0, (1.0, 7.0)), Parts(1.0, (1.0, 1.0)), direction="minimise")
    3.0
    >>> unit_loss(Parts(0.5, (0.0, 1.0)), Parts(1.0, (0.0, 0.0)), direction="maximise")
    1.0
    >>> unit_loss(Parts(0.7, (0.0, 9.0)), Parts(0.8, (0.0, 0.0)), direction="minimise") is None
    True
    """
    a, b = _mean(before), _mean(after)
    if direction == "maximise":
        return 1.0 if _near(before.value + a, after.value + b) else None
    if _near(before.value, a) and _near(after.value, b):
        return 1.0
    if _near(before.value**2, a) and _near(after.value**2, b):
        return before.value + after.value
    return None


def in_nano(numbers: Iterable[float], *, unit: float = 1.0) -> list[int]:
    """Give numbers in 1e-9 of `unit`, rounded half to even.

    >>> in_nano([0.5, 3.0], unit=2.0)
    [250000000, 1500000000]
    """
    return [round(number / unit * NANO) for number in numbers]


def _mean(parts: Parts) -> float:
    losses = parts.losses or ()
    return math.fsum(losses) / max(1, len(losses))


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=1e-12)

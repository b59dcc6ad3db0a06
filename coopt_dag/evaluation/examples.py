"""Scores of single examples, as far as a metric's losses tell them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from coopt_dag.specs.loaded import LoadedChallenge

_LARGEST = 2**53 / NANO
"""Above it two floats are more than 1e-9 apart."""
_CLOSE = 1e-6
"""How near a metric must be to a function of the mean loss, relative to it."""


def example_scores(
    value: float, losses: NDArray[np.float64], *, direction: str
) -> NDArray[np.int64] | None:
    """Give each example's part in a score, in 1e-9, higher is better; their mean is the score.

    A metric that is the mean of its losses is exact; one that is the square root of their mean,
    such as RMSE, is linearised (delta method), as is one that is 1 less their mean.

    Parameters
    ----------
    value : float
        The metric.
    losses : array, shape (examples,)
        Lower is better.

    Returns
    -------
    array of int64, shape (examples,), or None
        None if the metric is no such function of its losses, or if a loss is so large that a
        float does not tell it to 1e-9.

    Examples
    --------
    >>> example_scores(2.0, np.array([0.0, 8.0]), direction="minimise").tolist()
    [-1000000000, -3000000000]
    >>> example_scores(0.75, np.array([0.0, 0.0, 0.0, 1.0]), direction="maximise").tolist()
    [1000000000, 1000000000, 1000000000, 0]
    >>> example_scores(0.7, np.array([0.0, 9.0]), direction="maximise") is None
    True
    >>> example_scores(5e9, np.array([0.0, 1e10]), direction="minimise") is None
    True
    """
    mean = float(losses.mean()) if losses.size else 0.0
    minimised = direction == "minimise"
    if minimised and _near(value, mean):
        found = losses
    elif minimised and value > 0 and _near(value * value, mean):
        found = value + (losses - mean) / (2 * value)
    elif not minimised and _near(1 - value, mean):
        found = losses - 1
    else:
        return None
    if np.abs(found).max(initial=0.0) > _LARGEST:
        return None
    return np.rint(-found * NANO).astype(np.int64)


def read_losses(path: Path) -> NDArray[np.float64]:
    """Read what a score node left of single examples, shape (examples,)."""
    if path.suffix == ".npy":
        found: NDArray[np.float64] = np.load(path, allow_pickle=False)
        return found
    return np.array(json.loads(path.read_text(encoding="utf-8")), dtype=np.float64)


def clusters_of(
    challenge: LoadedChallenge, split: str, data: Path, *, truth: str | None = None
) -> list[Any] | None:
    """Give what each example of a truth belongs to; None if each stands alone.

    Parameters
    ----------
    data : Path
        Folder that holds `<challenge>/`.
    truth : str, optional
        Name of the truth; by default that of the end-to-end metric.
    """
    gate = challenge.spec.gate
    column = None if gate is None else gate.clusters
    if column is None:
        return None
    truth = truth or challenge.spec.end_to_end.metric.truth
    path = data / challenge.spec.id / challenge.spec.splits[split].truths[truth]
    if path.suffix != ".parquet":
        return None
    from pyarrow import parquet

    if column not in parquet.read_schema(path).names:
        return None
    return list(parquet.read_table(path, columns=[column])[column].to_pylist())


def clusters_by_loss(clusters: Sequence[Any] | None, count: int) -> Sequence[Any] | None:
    """Give what each of `count` losses belongs to, from what each row of the truth does.

    A metric that judges clusters as wholes gives one loss a cluster, in their order, and then each
    stands alone. Any other number than that of rows or clusters comes back as it is: it does not
    fit, and whoever asked has to say so.

    >>> clusters_by_loss(["u", "u", "v"], 3), clusters_by_loss(["u", "u", "v"], 2)
    (['u', 'u', 'v'], None)
    """
    if clusters is None or (len(clusters) != count and len(set(clusters)) == count):
        return None
    return clusters


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= _CLOSE * max(abs(other), 1e-12)

"""The hidden record split as the gate sees it: how many examples, and how much they vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.credit.paired import Paired, of_gains, paired
from coopt_dag.credit.power import POWER, smallest_gain
from coopt_dag.errors import DataMissingError
from coopt_dag.evaluation.examples import clusters_by_loss, clusters_of
from coopt_dag.evaluation.gate import rule_of
from coopt_dag.evaluation.losses import in_nano, read_parts, unit_loss
from coopt_dag.execution.planning import make_plan
from coopt_dag.execution.request import Request
from coopt_dag.model.credit import Gate
from coopt_dag.model.nano import NANO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.loaded import LoadedChallenge, LoadedWorkspace

SHARES = (NANO // 100, NANO // 20, NANO // 5)
"""How much two works may differ, in 1e-9: a hundredth, a twentieth, a fifth."""

__all__ = ["POWER", "SHARES", "HiddenSet", "Power", "hidden_sets", "powers", "supposed"]


@dataclass(frozen=True, slots=True)
class HiddenSet:
    """What one metric judges on the hidden split."""

    label: str
    """A step, or `end_to_end`."""
    metric: Metric
    examples: int
    size: int
    """Clusters, or groups of a jackknife; the examples themselves where each stands alone."""
    variance: int | None
    """Of the baseline's losses in clusters, in 1e-9 of the squared unit; None: 0 or 1 supposed."""


@dataclass(frozen=True, slots=True)
class Power:
    """The smallest gain that is found with 80 % power, in 1e-9 of the metric's unit."""

    set: HiddenSet
    slots: int
    share: int
    """By how much the works differ, in 1e-9 of all examples or of the variance."""
    gain: int


def powers(
    sets: Iterable[HiddenSet], *, gate: Gate, slots: Iterable[int], shares: Iterable[int] = SHARES
) -> tuple[Power, ...]:
    """Give the smallest gain for each metric, difference and number of tests.

    Examples
    --------
    With 10,000 examples of which 5 % differ: (3.2905 + 0.8416) * sqrt(0.05 / 10000) = 0.92 %.

    >>> from coopt_dag.model.metric import Metric
    >>> right = Metric(name="wrong", unit="1", range=(0, 1), direction="minimise", prediction="p",
    ...                truth="t", tolerance=0, summary="x")
    >>> here = supposed("end_to_end", right, examples=10_000)
    >>> powers([here], gate=Gate(), slots=[100], shares=[50_000_000])[0].gain // 100_000
    92
    """
    return tuple(
        Power(each, tests, share, _gain(each, gate, tests, share))
        for each in sets
        for share in shares
        for tests in slots
    )


def supposed(label: str, metric: Metric, *, examples: int) -> HiddenSet:
    """Give a hidden set of so many examples with losses of 0 or 1, each alone."""
    return HiddenSet(label, metric, examples, examples, None)


def hidden_sets(workspace: LoadedWorkspace, challenge: LoadedChallenge) -> tuple[HiddenSet, ...]:
    """Measure the record split for every metric that can be tested; the data must be here.

    Where the baselines were run here, their losses tell the variance. Metrics without losses
    are left out then.

    Raises
    ------
    DataMissingError
        The hidden split is not on this machine, or its truth is no table to count.
    """
    split, end = challenge.spec.end_to_end.record_split, challenge.spec.end_to_end
    plan = make_plan(workspace, challenge, Request(challenge.spec.id, splits=(split,)))
    metrics: dict[str, Metric] = {n: s.spec.metric for n, s in challenge.steps.items()}
    found = []
    for label, metric in (metrics | {"end_to_end": end.metric}).items():
        step = None if label == "end_to_end" else label
        groups: Sequence[Any] | None = clusters_of(
            challenge, split, workspace.data_dir, truth=metric.truth
        )
        try:
            parts = read_parts(plan, split, workspace.root, step=step)
        except FileNotFoundError:
            continue
        if metric.jackknife and parts.pseudo:
            spread = of_gains(in_nano(parts.pseudo))
            found.append(_measured(label, metric, len(parts.pseudo), spread))
        elif parts.losses is not None and not metric.jackknife:
            unit = unit_loss(parts, parts, direction=metric.direction) or 1.0
            losses = in_nano(parts.losses, unit=unit)
            groups = clusters_by_loss(groups, len(losses))
            spread = paired(losses, [0] * len(losses), groups)
            found.append(_measured(label, metric, len(losses), spread))
    return tuple(found) or (_counted(challenge, split, workspace.data_dir),)


def _measured(label: str, metric: Metric, examples: int, spread: Paired) -> HiddenSet:
    variance = spread.error**2 * spread.clusters // NANO
    return HiddenSet(label, metric, examples, spread.clusters, variance)


def _counted(challenge: LoadedChallenge, split: str, data: Path) -> HiddenSet:
    """Count rows alone: nothing was run here."""
    metric = challenge.spec.end_to_end.metric
    path = data / challenge.spec.id / challenge.spec.splits[split].truths[metric.truth]
    if path.suffix != ".parquet":
        raise DataMissingError(
            f"truth '{metric.truth}' is no table whose rows could be counted",
            path=path,
            hint=f"coopt run {challenge.spec.id}, or --examples N",
        )
    from pyarrow import parquet

    rows = int(parquet.read_metadata(path).num_rows)
    groups = clusters_of(challenge, split, data)
    return HiddenSet("end_to_end", metric, rows, rows if groups is None else len(set(groups)), None)


def _gain(each: HiddenSet, gate: Gate, slots: int, share: int) -> int:
    rule = rule_of(gate, each.metric)
    differ = share if each.variance is None else each.variance * share // NANO
    return smallest_gain(
        each.size, slots=slots, discordance=differ, alpha=rule.alpha, least=rule.least
    )

"""Which configurations to run when all are too many, and the step curves from their scores.

A plan follows from the levels, a budget and 32 bytes of a beacon that is fixed after submissions
close, so anybody makes the same one; its curves go into settlement like exact ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Literal

import numpy as np

from coopt_dag.credit import between, leverage, prefixes
from coopt_dag.credit.curves import Curve, Curves, step_curves
from coopt_dag.credit.fold import scale
from coopt_dag.credit.levels import Config, configurations, count_configurations, players
from coopt_dag.credit.values import value_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Method = Literal["exact", "coalitions", "prefixes"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Configurations to run, each once, and all that made them."""

    levels: tuple[int, ...]
    method: Method
    seed: bytes
    amount: int
    """Evaluations at most; of prefixes: pairs of orders."""
    upstream: int
    """Of prefixes: how many players are ordered; the others' choices are all run."""
    configs: tuple[Config, ...]


def sample_plan(levels: Sequence[int], *, evaluations: int, seed: bytes) -> Plan:
    """Plan at most so many evaluations: all that exact curves need, or else a sample of coalitions.

    Raises
    ------
    ValueError
        The budget is below `least_evaluations(levels)`.

    Examples
    --------
    >>> sample_plan([1, 2], evaluations=6, seed=bytes(32)).method
    'exact'
    >>> plan = sample_plan([1] * 15 + [2], evaluations=1024, seed=bytes(32))
    >>> plan.method, 900 < len(plan.configs) <= 1024
    ('coalitions', True)
    """
    top = tuple(levels)
    if count_configurations(top) <= evaluations:
        return Plan(top, "exact", seed, evaluations, 0, tuple(configurations(top)))
    sample, drawn = _draw(top, evaluations, seed)
    found = {_config(top, mask): None for mask in sample.masks.tolist()}
    for rank, chosen in drawn.items():
        for mask in _both(len(players(top)), rank, chosen):
            for level in range(top[players(top)[rank]] + 1):
                found[_config(top, mask, {rank: level})] = None
    return Plan(top, "coalitions", seed, evaluations, 0, tuple(found))


def prefix_plan(levels: Sequence[int], *, upstream: int, pairs: int, seed: bytes) -> Plan:
    """Plan pairs of orders of the first players with versions, and every choice behind them.

    >>> len(prefix_plan([1] * 6, upstream=3, pairs=2, seed=bytes(32)).configs) <= 64
    True
    """
    orders = prefixes.draw(levels, upstream=upstream, pairs=pairs, seed=seed)
    needed = prefixes.needed(orders)
    return Plan(tuple(levels), "prefixes", seed, pairs, upstream, needed)


def estimate(plan: Plan, scores: Mapping[Config, int]) -> Curves:
    """Give step curves and their standard errors; last heights sum to scale * gain exactly.

    Final heights have no bias. A copy of a version has its height and one of the baseline 0. An
    idle step is 0 only within its error, unless the plan is exact or of prefixes.

    Parameters
    ----------
    scores : mapping of configuration to int
        In 1e-9, higher is better; all of `plan.configs`.

    Examples
    --------
    >>> plan = sample_plan([1] * 10, evaluations=200, seed=bytes(32))
    >>> found = estimate(plan, {config: 5 * sum(config) for config in plan.configs})
    >>> sum(curve.heights[-1] for curve in found.curves) == found.scale * 50
    True
    >>> {round(curve.heights[-1] / found.scale, 3) for curve in found.curves}
    {5.0}
    """
    if plan.method == "exact":
        return step_curves(value_table(plan.levels, scores))
    if plan.method == "prefixes":
        orders = prefixes.draw(
            plan.levels, upstream=plan.upstream, pairs=plan.amount, seed=plan.seed
        )
        return prefixes.curves(orders, scores)
    return _from_coalitions(plan, scores)


def least_evaluations(levels: Sequence[int]) -> int:
    """Give the smallest budget of a plan: 16 n, and n pairs at all levels of split steps.

    >>> least_evaluations([1] * 16), least_evaluations([1] * 15 + [2]), least_evaluations([1, 1])
    (256, 352, 4)
    """
    n = len(players(levels))
    sampled = min(leverage.LEAST_PER_PLAYER * n, 1 << n) + n * _pair_cost(levels)
    return min(sampled, count_configurations(levels))


def _pair_cost(levels: Sequence[int]) -> int:
    """Count evaluations of one pair of coalitions at all levels of every split step."""
    return sum(2 * (top + 1) for top in levels if top > 1)


def _draw(
    levels: tuple[int, ...], evaluations: int, seed: bytes
) -> tuple[leverage.Sample, dict[int, tuple[between.Stratum, ...]]]:
    """Spend a quarter on versions in between, but n to 4 n pairs a step; the rest on corners."""
    if evaluations < least_evaluations(levels):
        raise ValueError(f"at least {least_evaluations(levels)} evaluations for these versions")
    playing, cost = players(levels), _pair_cost(levels)
    n, pairs = len(playing), 0
    if cost:
        spare = evaluations - min(leverage.LEAST_PER_PLAYER * n, 1 << n)
        pairs = max(n, min(4 * n, evaluations // 4 // cost, spare // cost))
    sample = leverage.draw(n, evaluations=evaluations - pairs * cost, seed=seed)
    split = [rank for rank, place in enumerate(playing) if levels[place] > 1]
    return sample, {rank: between.strata(n, rank, pairs=pairs, seed=seed) for rank in split}


def _from_coalitions(plan: Plan, scores: Mapping[Config, int]) -> Curves:
    levels, playing = plan.levels, players(plan.levels)
    unit = scale(len(playing))
    sample, drawn = _draw(levels, plan.amount, plan.seed)
    found = [scores[_config(levels, mask)] for mask in sample.masks.tolist()]
    values = leverage.estimate(sample, np.array(found, dtype=np.int64))
    gain = found[1] - found[0]
    finals = _whole([Fraction(value) * unit for value in values.values.tolist()], gain * unit)
    curves, errors = [], []
    for rank, place in enumerate(playing):
        error = float(values.errors[rank])
        heights, widths = [0], [0]
        for level in range(1, levels[place]):
            high, width = between.height(
                drawn[rank],
                partial(_gains, levels, scores, rank, level),
                final=Fraction(finals[rank], unit),
                final_error=error,
            )
            heights.append(round(high * unit))
            widths.append(ceil(width))
        curves.append(Curve(place, (*heights, finals[rank])))
        errors.append((*widths, ceil(error)))
    return Curves(levels, unit, tuple(curves), gain, tuple(errors), len(plan.configs))


def _gains(
    levels: tuple[int, ...], scores: Mapping[Config, int], rank: int, level: int, mask: int
) -> tuple[int, int]:
    """Gains of one level and of the final one, in a coalition and in its rest."""
    playing = players(levels)
    both = (mask, between.rest(len(playing), rank, mask))
    base, own, last = (
        sum(scores[_config(levels, one, {rank: at})] for one in both)
        for at in (0, level, levels[playing[rank]])
    )
    return own - base, last - base


def _both(n: int, rank: int, drawn: Sequence[between.Stratum]) -> list[int]:
    masks = [mask for stratum in drawn for mask in stratum.masks]
    return [one for mask in masks for one in (mask, between.rest(n, rank, mask))]


def _config(levels: tuple[int, ...], mask: int, changed: Mapping[int, int] | None = None) -> Config:
    """Give the configuration with the players in `mask` at final, `changed` ones as told."""
    found = [0] * len(levels)
    for rank, place in enumerate(players(levels)):
        found[place] = (changed or {}).get(rank, levels[place] * (mask >> rank & 1))
    return tuple(found)


def _whole(parts: Sequence[Fraction], total: int) -> list[int]:
    """Round so that the sum is `total`; what rounding leaves is spread evenly, first come first."""
    found = [round(part) for part in parts]
    each, more = divmod(total - sum(found), len(found))
    return [part + each + (rank < more) for rank, part in enumerate(found)]

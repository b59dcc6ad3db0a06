"""How to spend a budget of run time on a settlement: all configurations, or which sample.

1. Exact, if all configurations fit into the budget.
2. As many coalitions as fit, if the smallest sample of them does (`least_evaluations`).
3. Prefixes, if one step costs at least half of a full run, at most 10 players are behind it, and 8
   pairs of orders fit.

Coalitions come before prefixes even where one step is dear: they are fitted all together. On two
saturating games of 14 steps with one step 1,000 times dearer than the others, at equal cost, the
error of prefixes was 1 to 16 times that of coalitions, or more, wherever coalitions fitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.credit.levels import count_configurations, players
from coopt_dag.credit.sampling import Plan, least_evaluations, prefix_plan, sample_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coopt_dag.credit.levels import Config

LEAST_PAIRS = 8
"""Fewer pairs of orders make error bars that mean nothing."""

_MOST_BEHIND = 10
_MOST_AMOUNT = 1 << 14


def cost(configs: Iterable[Config], costs: Sequence[int]) -> int:
    """Give the cost of all runs, if each step reads all before it and equal runs are run once.

    >>> cost([(0, 0), (0, 1), (1, 1)], [100, 1])     # two runs of the first, three of the second
    203
    """
    every = set(configs)
    return sum(
        price * len({config[: place + 1] for config in every}) for place, price in enumerate(costs)
    )


def choose(levels: Sequence[int], costs: Sequence[int], budget: int, *, seed: bytes) -> Plan:
    """Make the plan for a budget by the rule above.

    Parameters
    ----------
    costs : sequence of int
        Of one run of each step, in topological order, in any unit such as milliseconds.
    budget : int
        In the same unit.

    Raises
    ------
    ValueError
        Not even the smallest sample fits.

    Examples
    --------
    >>> choose([1, 1, 1], [9, 1, 1], budget=1000, seed=bytes(32)).method
    'exact'
    >>> choose([1] * 16, [1] * 16, budget=9000, seed=bytes(32)).method
    'coalitions'
    >>> choose([1] * 14, [1] * 8 + [5000] + [1] * 5, budget=600_000, seed=bytes(32)).method
    'prefixes'
    """
    if len(costs) != len(levels):
        raise ValueError("one cost for each step")
    exact = _exact(levels, costs, budget, seed)
    if exact:
        return exact
    least = least_evaluations(levels)
    coalitions = _largest(
        lambda amount: sample_plan(levels, evaluations=amount, seed=seed), least, costs, budget
    )
    found = coalitions or _prefixes(levels, costs, budget, seed)
    if found is None:
        raise ValueError(f"the budget does not pay for {least} evaluations, the smallest sample")
    return found


def _exact(levels: Sequence[int], costs: Sequence[int], budget: int, seed: bytes) -> Plan | None:
    """Give the exact plan if it fits; it is not listed if its last steps alone cost more."""
    number = count_configurations(levels)
    if number > 1 << 20 or number * (costs[-1] if costs else 0) > budget:
        return None
    plan = sample_plan(levels, evaluations=number, seed=seed)
    return plan if cost(plan.configs, costs) <= budget else None


def _prefixes(levels: Sequence[int], costs: Sequence[int], budget: int, seed: bytes) -> Plan | None:
    dearest = max(range(len(costs)), key=lambda place: costs[place])
    playing = players(levels)
    upstream = sum(1 for place in playing if place <= dearest)
    behind = len(playing) - upstream
    if 2 * costs[dearest] < sum(costs) or not upstream or behind > _MOST_BEHIND:
        return None
    return _largest(
        lambda pairs: prefix_plan(levels, upstream=upstream, pairs=pairs, seed=seed),
        LEAST_PAIRS,
        costs,
        budget,
    )


def _largest(
    make: Callable[[int], Plan], least: int, costs: Sequence[int], budget: int
) -> Plan | None:
    """Give the largest plan that fits: double, then halve the step."""
    found, amount, step = None, least, least
    growing = True
    while step:
        plan = make(amount)
        fits = cost(plan.configs, costs) <= budget and amount <= _MOST_AMOUNT
        if fits:
            found = plan
        elif found is None:
            return None
        growing = growing and fits
        step = step * 2 if growing else step // 2
        amount = found.amount + step
    return found

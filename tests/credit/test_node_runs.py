"""The formula counts what the planner plans: nothing is executed."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from coopt_dag.credit.levels import configurations, count_configurations, node_runs
from coopt_dag.graph.plan import Planner
from coopt_dag.graph.shape import (
    ChallengeShape,
    DatasetShape,
    MetricShape,
    Port,
    SolutionShape,
    StepShape,
)

Edges = list[tuple[str, str]]
SEALED = DatasetShape("sealed", {"x": "hash-x"}, {"truth": "hash-y"})


def chain(names: list[str]) -> Edges:
    return list(pairwise(names))


def diamond(names: list[str]) -> Edges:
    """One step feeds all but the last, which reads them all."""
    return [edge for x in names[1:-1] for edge in ((names[0], x), (x, names[-1]))]


def random_dag(names: list[str], salt: int) -> Edges:
    rng = random.Random(f"{len(names)} {salt}")
    return [(a, b) for k, b in enumerate(names) for a in names[:k] if rng.random() < 0.3]


def planned(names: list[str], edges: Edges, levels: list[int]) -> dict[str, int]:
    """Plan every configuration for real, and count the nodes of each step."""
    steps = []
    for name in names:
        above = [a for a, b in edges if b == name]
        ports = [Port(f"from_{a}", "t", a, "y") for a in above] or [Port("x", "t", "data", "x")]
        metric = MetricShape(name, name, "y", "truth", f"metric-{name}")
        steps.append(StepShape(name, tuple(ports), ("y",), "contract", metric))
    end = MetricShape("end", names[-1], "y", "truth", "metric-end")
    planner = Planner(ChallengeShape("c", tuple(steps), end, {}), scored=False)
    for config in configurations(levels):
        selection = {
            name: SolutionShape(f"v{level}", name, f"{name}-{level}")
            for name, level in zip(names, config, strict=True)
        }
        planner.add(selection, SEALED)
    found = dict.fromkeys(names, 0)
    for node in planner.nodes.values():
        found[node.step] += 1
    return found


@pytest.mark.parametrize("n", range(4, 13))
@pytest.mark.parametrize("kind", ["chain", "diamond", "random 1", "random 2"])
def test_planned_step_nodes_are_as_many_as_the_formula_says(n: int, kind: str) -> None:
    names, rng = [f"s{i:02}" for i in range(n)], random.Random(f"{kind} {n}")
    # several versions where all of them together stay few
    levels = [rng.choice([0, 1, 2, 3]) if n <= 8 else 1 for _ in names]
    makers = {"chain": chain, "diamond": diamond}
    edges = makers[kind](names) if kind in makers else random_dag(names, int(kind[-1]))
    found = planned(names, edges, levels)
    assert sum(found.values()) == node_runs(names, edges, dict(zip(names, levels, strict=True)))


def test_a_chain_of_ten_plans_a_fifth_of_what_runs_without_sharing() -> None:
    names = [f"s{i}" for i in range(10)]
    found = planned(names, chain(names), [1] * 10)
    # step k sees 2^k configurations of itself and those above: 2 + 4 + ... + 1024 = 2046
    assert list(found.values()) == [2**k for k in range(1, 11)]
    assert 5 * sum(found.values()) == 10_230 <= 10 * count_configurations([1] * 10) == 10_240


def test_a_diamond_of_four_is_counted_by_hand() -> None:
    # a: 2; b and c: 4 each; d: all 16. Versions of b: 2, so b sees 4 + 2 = 6, d 16 + 8 = 24.
    names = ["a", "b", "c", "d"]
    assert planned(names, diamond(names), [1] * 4) == {"a": 2, "b": 4, "c": 4, "d": 16}
    assert planned(names, diamond(names), [1, 2, 1, 1]) == {"a": 2, "b": 6, "c": 4, "d": 24}

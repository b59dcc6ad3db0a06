"""Which configurations a settlement needs, and how many node runs they cost.

A step with K adopted versions has levels 0 (baseline), 1, ..., K (final). A configuration is one
level for each step.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from coopt_dag.graph.order import ancestors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Config = tuple[int, ...]
"""The level of every step, in the order of the steps."""


def players(levels: Sequence[int]) -> tuple[int, ...]:
    """Give the places of the steps that have versions; others cannot earn and cost nothing.

    >>> players([2, 0, 1])
    (0, 2)
    """
    if min(levels, default=0) < 0:
        raise ValueError("a step cannot have fewer than 0 versions")
    return tuple(i for i, top in enumerate(levels) if top)


def configurations(levels: Sequence[int]) -> Iterator[Config]:
    """Give every configuration that settlement reads, each once.

    First the corners (each step at baseline or final; bit i of the rank is the i-th player), then
    for each player its versions in between against all corners of the others.

    >>> list(configurations([1, 2]))
    [(0, 0), (1, 0), (0, 2), (1, 2), (0, 1), (1, 1)]
    """
    playing = players(levels)
    for bits in _cube(len(playing)):
        yield _place(levels, playing, bits)
    for rank, i in enumerate(playing):
        others = playing[:rank] + playing[rank + 1 :]
        for level in range(1, levels[i]):
            for bits in _cube(len(others)):
                found = list(_place(levels, others, bits))
                found[i] = level
                yield tuple(found)


def count_configurations(levels: Sequence[int]) -> int:
    """Count them without listing: 2^n + 2^(n-1) * sum(K_i - 1) over the n steps with versions.

    >>> count_configurations([1, 2]), count_configurations([1] * 12), count_configurations([])
    (6, 4096, 1)
    """
    tops = [levels[i] for i in players(levels)]
    n = len(tops)
    return (1 << n) + ((1 << n) * sum(top - 1 for top in tops)) // 2


def node_runs(
    steps: Sequence[str], edges: Sequence[tuple[str, str]], levels: Mapping[str, int]
) -> int:
    """Count the node runs of all configurations when equal nodes run once.

    A node's result depends on its own level and those of its ancestors only, so it runs once for
    each configuration of these: 2^a + 2^(a-1) * sum(K_u - 1) over the a steps with versions there.

    Examples
    --------
    >>> names = [f"s{i:02}" for i in range(12)]
    >>> chain = list(zip(names, names[1:]))
    >>> node_runs(names, chain, dict.fromkeys(names, 1))   # one after the other: 12 * 4096 = 49152
    8190
    """
    return sum(
        count_configurations([levels.get(u, 0) for u in (step, *ancestors(step, edges))])
        for step in steps
    )


def _cube(n: int) -> Iterator[tuple[int, ...]]:
    for bits in product((0, 1), repeat=n):
        yield bits[::-1]


def _place(levels: Sequence[int], places: Sequence[int], bits: Sequence[int]) -> Config:
    found = [0] * len(levels)
    for place, bit in zip(places, bits, strict=True):
        found[place] = levels[place] * bit
    return tuple(found)

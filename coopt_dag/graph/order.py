"""Order of the nodes of a DAG, its cycles, and what depends on what."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def topological_order(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[str]:
    """Put sources before targets; among nodes that are free, the one given first comes first.

    Parameters
    ----------
    nodes : sequence of str
        Every node once, in the order of preference.
    edges : iterable of (source, target)
        Both ends must be in `nodes`; repeated edges count once.

    Raises
    ------
    ValueError
        An edge names an unknown node, or the edges form a cycle (see `find_cycle`).

    Examples
    --------
    >>> topological_order(["blend", "left", "right"], [("left", "blend"), ("right", "blend")])
    ['left', 'right', 'blend']
    """
    rank = {node: i for i, node in enumerate(nodes)}
    targets = _targets(nodes, edges)
    waiting = dict.fromkeys(nodes, 0)
    for found in targets.values():
        for target in found:
            waiting[target] += 1
    free = [rank[node] for node in nodes if waiting[node] == 0]
    heapify(free)
    order: list[str] = []
    while free:
        node = nodes[heappop(free)]
        order.append(node)
        for target in targets[node]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heappush(free, rank[target])
    if len(order) < len(rank):
        raise ValueError("the edges form a cycle")
    return order


def find_cycle(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[str] | None:
    """Give one cycle as a closed walk, or None exactly if there is none.

    Examples
    --------
    >>> find_cycle(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "b")])
    ['b', 'c', 'b']
    >>> find_cycle(["a", "b"], [("a", "b")]) is None
    True
    """
    targets = _targets(nodes, edges)
    done: set[str] = set()
    for start in nodes:
        walk: list[str] = []
        on_walk: dict[str, int] = {}
        branches = [(start, iter([start]))]
        while branches:
            node = next(branches[-1][1], None)
            if node is None:
                branches.pop()
                if walk:
                    finished = walk.pop()
                    del on_walk[finished]
                    done.add(finished)
            elif node in on_walk:
                return [*walk[on_walk[node] :], node]
            elif node not in done:
                on_walk[node] = len(walk)
                walk.append(node)
                branches.append((node, iter(targets[node])))
    return None


def descendants(node: str, edges: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Give everything that depends on `node`; the node itself only if it is on a cycle.

    Examples
    --------
    >>> sorted(descendants("a", [("a", "b"), ("b", "c"), ("x", "c")]))
    ['b', 'c']
    """
    targets: dict[str, list[str]] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
    found: set[str] = set()
    ahead = [node]
    while ahead:
        for target in targets.get(ahead.pop(), ()):
            if target not in found:
                found.add(target)
                ahead.append(target)
    return frozenset(found)


def ancestors(node: str, edges: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Give everything that `node` depends on; the node itself only if it is on a cycle.

    Examples
    --------
    >>> sorted(ancestors("c", [("a", "b"), ("b", "c"), ("x", "c"), ("c", "z")]))
    ['a', 'b', 'x']
    """
    return descendants(node, [(target, source) for source, target in edges])


def _targets(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, dict[str, None]]:
    """Map each node to its targets, each once, in the order of the edges."""
    targets: dict[str, dict[str, None]] = {node: {} for node in nodes}
    for source, target in edges:
        if source not in targets or target not in targets:
            raise ValueError(f"edge {source} -> {target} names an unknown node")
        targets[source][target] = None
    return targets

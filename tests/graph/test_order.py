from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.graph.order import ancestors, descendants, find_cycle, topological_order

names = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True)


@st.composite
def graphs(draw):
    nodes = draw(names)
    ends = st.sampled_from(nodes)
    return nodes, draw(st.lists(st.tuples(ends, ends), max_size=14))


@st.composite
def dags(draw):
    nodes, edges = draw(graphs())
    forward = [(a, b) for a, b in edges if a < b]
    return nodes, forward


def test_a_diamond_keeps_the_given_order_of_its_branches():
    edges = [("split", "left"), ("split", "right"), ("left", "blend"), ("right", "blend")]
    assert topological_order(["split", "left", "right", "blend"], edges) == [
        "split",
        "left",
        "right",
        "blend",
    ]
    assert topological_order(["split", "right", "left", "blend"], edges) == [
        "split",
        "right",
        "left",
        "blend",
    ]


@given(dags())
def test_sources_come_before_targets_and_every_node_comes_once(dag):
    nodes, edges = dag
    order = topological_order(nodes, edges)
    assert sorted(order) == sorted(nodes)
    assert all(order.index(a) < order.index(b) for a, b in edges)


@given(dags())
def test_an_order_that_is_already_valid_is_kept(dag):
    nodes, edges = dag
    order = topological_order(nodes, edges)
    assert topological_order(order, edges) == order


@given(graphs())
def test_a_cycle_is_found_exactly_when_no_order_exists(graph):
    nodes, edges = graph
    cycle = find_cycle(nodes, edges)
    if cycle is None:
        topological_order(nodes, edges)
    else:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle[1:])) == len(cycle) - 1
        assert all(step in edges for step in pairwise(cycle))
        with pytest.raises(ValueError, match="cycle"):
            topological_order(nodes, edges)


@given(dags(), st.sampled_from("abcdefgh"))
def test_ancestors_and_descendants_are_mirror_images(dag, node):
    nodes, edges = dag
    assert ancestors(node, edges) == {n for n in nodes if node in descendants(n, edges)}


def test_an_edge_to_an_unknown_node_is_refused():
    with pytest.raises(ValueError, match="a -> z"):
        topological_order(["a"], [("a", "z")])


def test_a_long_chain_does_not_exhaust_the_stack():
    nodes = [f"n{i}" for i in range(5000)]
    edges = list(pairwise(nodes))
    assert find_cycle(nodes, edges) is None
    assert topological_order(nodes, edges) == nodes

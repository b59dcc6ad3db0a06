from __future__ import annotations

from math import prod

from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.graph.plan import Planner, grid
from coopt_dag.graph.shape import (
    ChallengeShape,
    DatasetShape,
    MetricShape,
    Port,
    SolutionShape,
    StepShape,
)

DIAMOND = {"a": ["data"], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def shape(dag: dict[str, list[str]], *, seed: int = 0) -> ChallengeShape:
    steps = tuple(
        StepShape(
            step,
            tuple(Port(f"in_{s}", "t", s, "y" if s != "data" else "x") for s in sources),
            ("y",),
            "contract",
            MetricShape(step, step, "y", "truth", f"metric-{step}"),
        )
        for step, sources in dag.items()
    )
    last = list(dag)[-1]
    end = MetricShape("end_to_end", last, "y", "truth", "metric-end")
    return ChallengeShape("c", steps, end, {"seed": seed})


def choices(dag: dict[str, list[str]], variants: int) -> dict[str, list[SolutionShape]]:
    return {s: [SolutionShape(f"v{k}", s, f"{s}-{k}") for k in range(variants)] for s in dag}


QUIZ = DatasetShape("quiz", {"x": "hash-x"}, {"truth": "hash-quiz"})
SEALED = DatasetShape("sealed", {"x": "hash-x"}, {"truth": "hash-sealed"})


def test_81_combinations_of_the_diamond_are_102_nodes() -> None:
    # a: 3; b and c: 3 for each a = 9 each; d: 3 for each (a, b, c) = 3 * 27 = 81. Sum 102.
    planner = Planner(shape(DIAMOND), scored=False)
    for selection in grid(choices(DIAMOND, 3)):
        planner.add(selection, QUIZ)
    assert len(planner.pipelines) == 81
    assert len(planner.nodes) == 3 + 9 + 9 + 81


@given(st.lists(st.integers(1, 3), min_size=4, max_size=4))
def test_a_grid_needs_one_node_for_each_choice_of_a_step_and_its_ancestors(k: list[int]) -> None:
    counts = dict(zip(DIAMOND, k, strict=True))
    options = {s: choices(DIAMOND, 3)[s][: counts[s]] for s in DIAMOND}
    planner = Planner(shape(DIAMOND), scored=False)
    for selection in grid(options):
        planner.add(selection, QUIZ)
    above = {"a": "a", "b": "ab", "c": "ac", "d": "abcd"}
    assert len(planner.nodes) == sum(prod(counts[u] for u in above[v]) for v in DIAMOND)


def test_splits_that_share_inputs_share_nodes_but_not_scores() -> None:
    planner = Planner(shape(DIAMOND))
    selection = next(grid(choices(DIAMOND, 1)))
    quiz, sealed = planner.add(selection, QUIZ), planner.add(selection, SEALED)
    assert quiz.nodes == sealed.nodes
    assert not set(quiz.scores.values()) & set(sealed.scores.values())


def test_one_edited_solution_changes_the_keys_of_its_descendants_only() -> None:
    planner = Planner(shape(DIAMOND))
    selection = next(grid(choices(DIAMOND, 1)))
    before = planner.add(selection, QUIZ).nodes
    after = planner.add({**selection, "b": SolutionShape("v0", "b", "edited")}, QUIZ).nodes
    assert {s for s in DIAMOND if before[s] != after[s]} == {"b", "d"}


def test_an_undone_edit_gives_the_old_keys_back() -> None:
    selection = next(grid(choices(DIAMOND, 1)))
    first = Planner(shape(DIAMOND)).add(selection, QUIZ)
    again = Planner(shape(DIAMOND)).add(selection, QUIZ)
    assert first == again


def test_the_seed_is_part_of_every_key() -> None:
    selection = next(grid(choices(DIAMOND, 1)))
    one = Planner(shape(DIAMOND)).add(selection, QUIZ).nodes
    two = Planner(shape(DIAMOND, seed=1)).add(selection, QUIZ).nodes
    assert not set(one.values()) & set(two.values())

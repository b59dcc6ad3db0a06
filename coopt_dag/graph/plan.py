"""From selections of solutions to the set of nodes that must exist: pure, shared, exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from coopt_dag.graph.keys import key_of
from coopt_dag.graph.shape import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coopt_dag.graph.shape import (
        ChallengeShape,
        DatasetShape,
        MetricShape,
        SolutionShape,
        StepShape,
    )


@dataclass(frozen=True, slots=True)
class Node:
    """One run of one solution (or, with `metric` set, of one metric) on exact inputs.

    `sources` holds, in edge order, `(key, output)` of a node or `("", sha256)` of a data file; a
    control's truths follow.
    """

    key: str
    step: str
    solution: str
    sources: tuple[tuple[str, str], ...]
    metric: str = ""

    @property
    def upstream(self) -> list[str]:
        """Keys of the nodes that this one reads."""
        return [key for key, _ in self.sources if key]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One full configuration on one split: which node answers each step, and its scores."""

    selection: Mapping[str, str]
    split: str
    nodes: Mapping[str, str]
    scores: Mapping[str, str]
    end_to_end: str


@dataclass(slots=True)
class Planner:
    """Adds pipelines one by one; whatever they have in common is planned once.

    Parameters
    ----------
    challenge : ChallengeShape
        Steps in topological order.
    scored : bool
        Plan the score nodes as well.
    whole_only : bool
        Of these, only those of the whole.
    """

    challenge: ChallengeShape
    scored: bool = True
    whole_only: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    pipelines: list[Pipeline] = field(default_factory=list)
    _known: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def add(self, selection: Mapping[str, SolutionShape], dataset: DatasetShape) -> Pipeline:
        """Plan one pipeline; `selection` names a solution for every step."""
        keys: dict[str, str] = {}
        scores: dict[str, str] = {}
        for step in self.challenge.steps:
            keys[step.id] = self._step_node(step, selection[step.id], keys, dataset)
        end = ""
        if self.scored:
            for step in () if self.whole_only else self.challenge.steps:
                scores[step.id] = self._score_node(step.metric, keys, dataset)
            end = self._score_node(self.challenge.end_to_end, keys, dataset)
        pipeline = Pipeline(
            selection={s: sol.id for s, sol in selection.items()},
            split=dataset.split,
            nodes=keys,
            scores=scores,
            end_to_end=end,
        )
        self.pipelines.append(pipeline)
        return pipeline

    def _step_node(
        self,
        step: StepShape,
        solution: SolutionShape,
        keys: Mapping[str, str],
        dataset: DatasetShape,
    ) -> str:
        sources = tuple(
            ("", dataset.inputs[p.output]) if p.source == DATA else (keys[p.source], p.output)
            for p in step.inputs
        ) + tuple(("", dataset.truths[name]) for name in solution.truths)
        known = (step.id, solution.digest, sources)
        key = self._known.get(known)
        if key is None:
            key = key_of(
                {
                    "common": self.challenge.common,
                    "challenge": self.challenge.id,
                    "step": step.id,
                    "contract": step.contract,
                    "solution": solution.digest,
                    "sources": sources,
                }
            )
            self._known[known] = key
            self.nodes[key] = Node(key, step.id, solution.digest, sources)
        return key

    def _score_node(
        self, metric: MetricShape, keys: Mapping[str, str], dataset: DatasetShape
    ) -> str:
        sources = ((keys[metric.step], metric.output), ("", dataset.truths[metric.truth]))
        known = (metric.label, metric.digest, sources)
        key = self._known.get(known)
        if key is None:
            key = key_of(
                {
                    "common": self.challenge.common,
                    "challenge": self.challenge.id,
                    "score": metric.label,
                    "metric": metric.digest,
                    "sources": sources,
                }
            )
            self._known[known] = key
            self.nodes[key] = Node(key, metric.step, "", sources, metric=metric.label)
        return key


def grid(choices: Mapping[str, Sequence[SolutionShape]]) -> Iterator[dict[str, SolutionShape]]:
    """Yield every combination of one solution a step, in the order of the choices.

    >>> from coopt_dag.graph.shape import SolutionShape
    >>> two = [SolutionShape("x", "a", "1"), SolutionShape("y", "a", "2")]
    >>> [s["a"].id for s in grid({"a": two})]
    ['x', 'y']
    """
    steps = list(choices)
    for combination in product(*choices.values()):
        yield dict(zip(steps, combination, strict=True))

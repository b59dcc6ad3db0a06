"""A step: one small, well-posed task with typed inputs and outputs, a metric and a budget."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from coopt_dag.model.base import Frozen, Prose, Sentence, Slug
from coopt_dag.model.metric import Bound, Metric


class Budget(Frozen):
    """What one run of the step may use."""

    cpu: Annotated[int, Field(ge=1, le=256)] = 1
    """Cores."""
    mem_mb: Annotated[int, Field(ge=16)] = 2048
    """Memory of all its processes together, beyond what the warm interpreter holds already."""
    disk_mb: Annotated[int, Field(ge=1, le=1 << 20)] = 1024
    """What all its outputs together may weigh; its scratch space may weigh as much again."""
    wall_s: Annotated[int, Field(ge=1)] = 600


class Step(Frozen):
    """The contract of a step; solutions live beside it and are discovered."""

    schema_: Annotated[Literal["coopt/step/1"], Field(alias="schema")]
    id: Slug
    version: Annotated[int, Field(ge=1)]
    summary: Sentence
    question: Prose
    inputs: Annotated[dict[Slug, Slug], Field(min_length=1)]
    """Input name → artifact type."""
    outputs: Annotated[dict[Slug, Slug], Field(min_length=1)]
    """Output name → artifact type."""
    metric: Metric
    constraints: tuple[Bound, ...] = ()
    """What else the metric's values must keep on the record split: the gate adopts nothing that
    breaks one of its own step."""
    budget: Budget = Budget()
    repeats: Annotated[int, Field(ge=1, le=10)] = 2
    """How often a solution runs on its first evaluation, to see whether its score is its own."""
    keywords: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _metric_judges_an_output(self) -> Step:
        if self.metric.prediction not in self.outputs:
            raise ValueError(
                f"metric.prediction is '{self.metric.prediction}', which is no output of this step"
            )
        return self

    @model_validator(mode="after")
    def _constraints_differ(self) -> Step:
        ids = [bound.id for bound in self.constraints]
        for name in ids:
            if ids.count(name) > 1:
                raise ValueError(f"constraint '{name}' is declared twice")
        return self

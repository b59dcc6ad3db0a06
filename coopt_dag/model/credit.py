"""Terms announced before anybody works: when a gain counts, and how it is paid."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, FiniteFloat, model_validator

from coopt_dag.model.base import Frozen, Slug

Bp = Annotated[int, Field(ge=0, le=10_000)]
"""Hundredths of a percent."""


class Gate(Frozen):
    """When a gain on the record split is more than noise.

    Losses of single examples are compared, incumbent against challenger, at `alpha / slots`.
    """

    slots: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Submissions to a step in one epoch that are tested; `alpha` is divided over them."""
    alpha: Annotated[FiniteFloat, Field(gt=0, lt=0.5)] = 0.05
    """Chance that any of them is taken for better and is not."""
    min_clusters: Annotated[int, Field(ge=2)] = 500
    """Fewer independent examples are not near enough to a normal distribution."""
    min_discordant: Annotated[int, Field(ge=0)] = 20
    """Where fewer examples differ, their variance is not known."""
    non_inferiority: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """By so much may the end-to-end metric be hurt, in its unit, at `alpha`."""
    clusters: Slug | None = None
    """Column of the end-to-end truth that says which examples belong together, e.g. a user."""


class Credit(Frozen):
    """How an epoch's `budget_credit` is divided."""

    target: Annotated[FiniteFloat, Field(gt=0)] | None = None
    """Gain of the end-to-end metric, in its unit, for which the whole budget is paid; by default
    any gain that is certain."""
    steps_bp: Bp = 7_000
    """Part for what steps add to the whole."""
    local_bp: Bp = 2_000
    """Part for records on a step's own metric that were not adopted."""
    reviews_bp: Bp = 1_000
    royalty_bp: Bp = 2_500
    """Part of a payment that goes to the works that it builds on."""
    depth: Annotated[int, Field(ge=0, le=64)] = 8
    """So many generations of them."""
    alpha: Annotated[FiniteFloat, Field(gt=0, lt=0.5)] = 0.05
    """Chance that an epoch is paid in which the whole gained nothing."""
    evaluations: Annotated[int, Field(ge=16, le=2**20)] = 4_096
    """Configurations that a settlement runs at most; where exact credit needs more, it samples."""
    core_s: Annotated[int, Field(ge=1)] | None = None
    """In place of `evaluations`, where steps differ in cost: core seconds that a settlement takes
    at most, by the steps' `wall_s`, their order in challenge.yaml being that of the DAG."""

    @model_validator(mode="after")
    def _shares_are_a_whole(self) -> Credit:
        if self.steps_bp + self.local_bp + self.reviews_bp != 10_000:
            raise ValueError("steps_bp, local_bp and reviews_bp must make 10000")
        return self

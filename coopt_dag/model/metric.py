"""Figures of merit: every metric has a unit, a finite range and a direction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from coopt_dag.model.base import Frozen, RelativePath, Sentence, Slug

Direction = Literal["minimise", "maximise"]


class Metric(Frozen):
    """A figure of merit: `code` returns a mapping, in which `name` is the one that ranks."""

    name: Slug
    unit: Annotated[str, Field(min_length=1, max_length=40)]
    range: tuple[FiniteFloat, FiniteFloat]
    """Closed interval of possible values; a score outside is an error."""
    direction: Direction
    prediction: Slug
    """Which output of the step is judged."""
    truth: Slug
    """Which truth of the split it is compared with."""
    min_delta: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """Smallest gain that makes a record, in `unit`."""
    tolerance: Annotated[FiniteFloat, Field(ge=0)] = 1e-9
    """Largest difference between two honest runs, in `unit`."""
    join: Literal["key", "whole"] = "key"
    """`key`: rows are matched by the truth's key. `whole`: the metric sees both as they are."""
    jackknife: Annotated[int, Field(ge=0, le=1000)] = 0
    """For a metric that is no mean over rows, such as AUC or F1: into so many groups the rows are
    put, each of which is left out once, so that a gain can be told from noise (200 is good); 0 =
    none. The metric is then called once more for each group."""
    code: RelativePath = "metric.py"
    summary: Sentence
    reference: str = ""
    """Literature: DOI or section where the metric is defined."""

    @property
    def best(self) -> float:
        """Give the end of the range that a perfect answer would reach."""
        return self.range[0] if self.direction == "minimise" else self.range[1]

    @model_validator(mode="after")
    def _range_is_an_interval(self) -> Metric:
        low, high = self.range
        if not low < high:
            raise ValueError(f"range must rise: got [{low:g}, {high:g}]")
        return self

    @model_validator(mode="after")
    def _groups_can_be_left_out(self) -> Metric:
        if self.jackknife == 1:
            raise ValueError("jackknife: one group is everything; 200 is good, 0 is none")
        if self.jackknife and self.join != "key":
            raise ValueError("jackknife needs join: key, for only matched rows can be left out")
        return self


class Bound(Frozen):
    """What a value must keep that a metric returns besides the one that ranks."""

    id: Slug
    value: Slug
    at_most: FiniteFloat | None = None
    at_least: FiniteFloat | None = None
    summary: Sentence

    @model_validator(mode="after")
    def _leaves_room(self) -> Bound:
        if self.at_most is None and self.at_least is None:
            raise ValueError("needs at_most or at_least")
        if self.at_most is not None and self.at_least is not None and self.at_least > self.at_most:
            raise ValueError(
                f"at_least {self.at_least:g} exceeds at_most {self.at_most:g}: nothing keeps both"
            )
        return self


class Constraint(Bound):
    """A bound that the whole pipeline must keep, on a value that the end-to-end metric returns.

    With `against`, two splits are compared instead: |value on `split` - value on `against`|.
    """

    split: Slug
    against: Slug | None = None


def better_by(metric: Metric, *, before: float, after: float) -> float:
    """Gain of `after` over `before` in the metric's unit; positive is better.

    >>> m = Metric(name="rmse", unit="stars", range=(0, 4), direction="minimise",
    ...            prediction="p", truth="t", summary="x")
    >>> better_by(m, before=1.0, after=0.75)
    0.25
    """
    return before - after if metric.direction == "minimise" else after - before

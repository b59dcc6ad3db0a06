"""Metrics, truths, splits and constraints: is everything that is scored there to be scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import near
from coopt_dag.model.artifact import TableType
from coopt_dag.specs.marks import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopt_dag.errors import SpecError
    from coopt_dag.model.challenge import Challenge
    from coopt_dag.model.metric import Metric
    from coopt_dag.specs.draft import Draft
    from coopt_dag.specs.marks import Loc, Source
    from coopt_dag.specs.read import Read


def step_metric_errors(draft: Draft) -> Iterator[SpecError]:
    """Complain about step metrics that compare with nothing, or by a key that is not there."""
    for step in draft.steps.values():
        yield from _metric(draft, step.source, ("metric",), step.spec.metric, step.spec.outputs)


def end_to_end_errors(draft: Draft, read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about an end-to-end metric of an unknown step, output, truth or split."""
    spec, source = read.spec, read.source
    end = spec.end_to_end
    if end.step not in spec.steps:
        yield source.error(
            ("end_to_end", "step"),
            f"end_to_end.step is '{end.step}', which is no step of this challenge.",
            hint=near(end.step, spec.steps),
        )
    step = draft.steps.get(end.step)
    outputs = None if step is None else step.spec.outputs
    if outputs is not None and end.metric.prediction not in outputs:
        yield source.error(
            ("end_to_end", "metric", "prediction"),
            f"end_to_end.metric.prediction is '{end.metric.prediction}', "
            f"which is no output of step '{end.step}'.",
            hint=near(end.metric.prediction, outputs),
        )
    yield from _metric(draft, source, ("end_to_end", "metric"), end.metric, outputs or {})
    for key, split in (("record_split", end.record_split), ("final_split", end.final_split)):
        yield from _split(read, ("end_to_end", key), f"end_to_end.{key}", split)
    for i, constraint in enumerate(end.constraints):
        loc, name = ("end_to_end", "constraints", i), f"end_to_end.constraints[{i}]"
        yield from _split(read, (*loc, "split"), f"{name}.split", constraint.split)
        if constraint.against is not None:
            yield from _split(read, (*loc, "against"), f"{name}.against", constraint.against)


def _split(read: Read[Challenge], loc: Loc, name: str, split: str) -> Iterator[SpecError]:
    if split not in read.spec.splits:
        yield read.source.error(
            loc,
            f"{name} is '{split}', which is no split of this challenge.",
            hint=near(split, read.spec.splits),
        )


def split_errors(read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about splits that lack an input or a truth, or provide one nobody declared."""
    spec = read.spec
    for name, split in spec.splits.items():
        for key, declared, files in (
            ("inputs", spec.data, split.inputs),
            ("truths", spec.truths, split.truths),
        ):
            yield from _provides(read.source, ("splits", name, key), declared, files)


def _provides(
    source: Source, loc: Loc, declared: Mapping[str, str], files: Mapping[str, str]
) -> Iterator[SpecError]:
    where = dotted(loc)
    kind = "data" if loc[-1] == "inputs" else "truths"
    for name in declared:
        if name not in files:
            yield source.error(
                loc,
                f"{where} lacks '{name}', which {kind} declares.",
                hint=f"add `{name}: <file below the challenge's data folder>`.",
            )
    for name in files:
        if name not in declared:
            yield source.error(
                (*loc, name),
                f"{where}.{name} is not declared in {kind}.",
                hint=near(name, declared),
                at_key=True,
            )


def _metric(
    draft: Draft, source: Source, loc: Loc, metric: Metric, outputs: Mapping[str, str]
) -> Iterator[SpecError]:
    where = dotted(loc)
    truths = draft.challenge.spec.truths if draft.challenge else {}
    if metric.truth not in truths:
        yield source.error(
            (*loc, "truth"),
            f"{where}.truth is '{metric.truth}', which is no truth of this challenge.",
            hint=near(metric.truth, truths),
        )
    elif metric.join == "key":
        truth = draft.types.get(truths[metric.truth])
        prediction = draft.types.get(outputs.get(metric.prediction, ""))
        yield from _join(source, (*loc, "join"), metric, truth, prediction)


def _join(
    source: Source, loc: Loc, metric: Metric, truth: Read[object] | None, other: Read[object] | None
) -> Iterator[SpecError]:
    """Complain when rows cannot be matched by the truth's key."""
    where = dotted(loc)
    for name, read in ((metric.truth, truth), (metric.prediction, other)):
        if read is not None and not isinstance(read.spec, TableType):
            yield source.error(
                loc,
                f"{where} is 'key', but '{name}' is no table and has no key.",
                hint="write `join: whole`.",
            )
            return
    if truth is None or other is None:
        return
    if isinstance(truth.spec, TableType) and isinstance(other.spec, TableType):
        columns = [column.name for column in other.spec.columns]
        for key in truth.spec.key:
            if key not in columns:
                yield source.error(
                    loc,
                    f"{where} is 'key', but output '{metric.prediction}' has no column '{key}', "
                    f"a key of truth '{metric.truth}'.",
                    hint=near(key, columns),
                )

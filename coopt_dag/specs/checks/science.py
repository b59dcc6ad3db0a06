"""What a challenge says of its data: code that is there, checks and pictures that have names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import near
from coopt_dag.specs.checks.files import missing_file
from coopt_dag.specs.marks import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coopt_dag.errors import SpecError
    from coopt_dag.model.challenge import Challenge
    from coopt_dag.model.science import Plots
    from coopt_dag.specs.marks import Loc, Source
    from coopt_dag.specs.read import Read


def science_errors(read: Read[Challenge]) -> Iterator[SpecError]:
    """Complain about code that is not there, doubled names, and a split that is not public."""
    spec, source = read.spec, read.source
    if spec.validation is not None:
        ids = [check.id for check in spec.validation.checks]
        yield from _code(source, "validation", spec.validation.code)
        yield from _doubled(source, ("validation", "checks"), ids)
    if spec.plots is not None:
        ids = [picture.id for picture in spec.plots.pictures]
        yield from _code(source, "plots", spec.plots.code)
        yield from _doubled(source, ("plots", "pictures"), ids)
        yield from _split(read, spec.plots)


def _code(source: Source, part: str, code: str) -> Iterator[SpecError]:
    if "/" in code or not code.endswith(".py"):
        yield source.error(
            (part, "code"),
            f"{part}.code is '{code}', which is no Python file beside challenge.yaml.",
            hint="put what it imports into the challenge's `library`.",
        )
    else:
        yield from missing_file(source, (part, "code"), code)


def _doubled(source: Source, loc: Loc, ids: Sequence[str]) -> Iterator[SpecError]:
    for i, name in enumerate(ids):
        if name in ids[:i]:
            yield source.error(
                (*loc, i, "id"),
                f"{dotted((*loc, i))}.id repeats '{name}'.",
                hint="give each an id of its own.",
            )


def _split(read: Read[Challenge], plots: Plots) -> Iterator[SpecError]:
    """Insist on a public split, for pictures are shown to all."""
    public = [n for n, s in read.spec.splits.items() if s.visibility == "public"]
    if plots.split is not None and plots.split not in public:
        yield read.source.error(
            ("plots", "split"),
            f"plots.split is '{plots.split}', which is no public split.",
            hint=near(plots.split, public),
        )
    if not public:
        yield read.source.error(
            ("plots",),
            "plots are drawn of a public split, and there is none.",
            hint="add a split with `visibility: public`.",
            at_key=True,
        )


def band_errors(read: Read[Challenge], measured: Mapping[str, float]) -> Iterator[SpecError]:
    """Complain about each check that was not measured, or whose value is out of its band."""
    checks = read.spec.validation.checks if read.spec.validation else ()
    for i, check in enumerate(checks):
        loc = ("validation", "checks", i)
        if check.value not in measured:
            yield read.source.error(
                (*loc, "value"),
                f"{check.id} is about '{check.value}', which was not measured.",
                hint=near(check.value, measured),
            )
        elif not check.holds(measured[check.value]):
            unit = "" if check.unit == "1" else f" {check.unit}"
            yield read.source.error(
                loc,
                f"{check.id} is out of its band: {check.value} = {measured[check.value]:.6g}"
                f"{unit}, expected {check.band} ({check.reference}).",
                hint=f"mend the simulator; coopt challenge validate {read.spec.id} tells all.",
            )

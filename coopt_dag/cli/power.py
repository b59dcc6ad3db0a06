"""`coopt challenge power`: how small a gain the hidden set can tell from noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coopt_dag.cli.options import Json
from coopt_dag.cli.printing import note, put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.evaluation.hiddenset import HiddenSet, Power
    from coopt_dag.model.credit import Gate
    from coopt_dag.specs.loaded import LoadedChallenge


def power(
    challenge: Annotated[str, typer.Argument(help="Id of a challenge here.")],
    examples: Annotated[
        int | None, typer.Option(min=2, help="Suppose so many, with losses of 0 or 1.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it into a file.")] = None,
    as_json: Json = False,
) -> None:
    """Tell the smallest gain that the gate finds four times in five.

    It depends on the hidden record split, on how much two works differ, and on T, the tests that
    the gate's error budget is divided over.

    Example: coopt challenge power movielens
    """
    from coopt_dag.cli.wiring import here
    from coopt_dag.evaluation.hiddenset import hidden_sets, powers, supposed
    from coopt_dag.model.credit import Gate
    from coopt_dag.specs.challenge import load_challenge

    workspace = here()
    loaded = load_challenge(workspace, challenge)
    gate = loaded.spec.gate or Gate()
    end = loaded.spec.end_to_end.metric
    sets = (
        hidden_sets(workspace, loaded)
        if examples is None
        else (supposed("end_to_end", end, examples=examples),)
    )
    tests = sorted({1, min(10, gate.slots), gate.slots})
    rows = powers(sets, gate=gate, slots=tests)
    if svg is not None:
        svg.write_text(_drawing(sets[-1], gate, tests), encoding="utf-8")
    if as_json:
        put(_document(loaded, gate, rows))
        return
    _tell(loaded, gate, rows)


def _document(challenge: LoadedChallenge, gate: Gate, rows: Sequence[Power]) -> dict[str, Any]:
    return {
        "challenge": challenge.spec.id,
        "split": challenge.spec.end_to_end.record_split,
        "alpha": gate.alpha,
        "slots": gate.slots,
        "min_clusters": gate.min_clusters,
        "has_gate": challenge.spec.gate is not None,
        "power": 0.8,
        "rows": [
            {
                "score": row.set.label,
                "metric": row.set.metric.name,
                "unit": row.set.metric.unit,
                "examples": row.set.examples,
                "clusters": row.set.size,
                "variance_nano": row.set.variance,
                "differ_nano": row.share,
                "slots": row.slots,
                "gain_nano": row.gain,
            }
            for row in rows
        ],
    }


def _tell(challenge: LoadedChallenge, gate: Gate, rows: Sequence[Power]) -> None:
    from coopt_dag.report.power import Line, bars, power_table

    lines: dict[tuple[str, int], Line] = {}
    for row in rows:
        each, metric = row.set, row.set.metric
        place = each.label.replace("_", " ") if each.label == "end_to_end" else each.label
        lines.setdefault(
            (each.label, row.share),
            (
                place,
                f"{metric.name} [{metric.unit}]",
                each.examples,
                each.size,
                f"{row.share / 10**7:g} %",
                {},
            ),
        )[5][row.slots] = row.gain / 10**9
    split = challenge.spec.end_to_end.record_split
    head = f"{challenge.spec.id}, split {split}: smallest gain found with 80 % power"
    say(f"{head}, at {gate.alpha:g} / T")
    say(power_table(list(lines.values())))
    middle = list(lines.values())[-2]
    say(f"\n{middle[0]}, {middle[1]}, {middle[4]} differ")
    say(bars(middle[5]))
    _remark(challenge, gate, [row.set for row in rows])


def _remark(challenge: LoadedChallenge, gate: Gate, sets: Sequence[HiddenSet]) -> None:
    if any(each.variance is None for each in sets):
        note("losses of 0 or 1 are supposed, of which so many differ: run the baselines to measure")
    else:
        note("differ: variance of the works' difference, in parts of that of the baseline's losses")
    if challenge.spec.gate is None:
        note("the challenge has no `gate`: these are its defaults, and noise can become a record")
    if any(each.size < gate.min_clusters and not each.metric.jackknife for each in sets):
        note(f"fewer than min_clusters: {gate.min_clusters}: nothing is adopted at all")


def _drawing(each: HiddenSet, gate: Gate, tests: Sequence[int]) -> str:
    from dataclasses import replace

    from coopt_dag.evaluation.hiddenset import SHARES, powers
    from coopt_dag.report.power import curves_svg

    sizes = sorted({max(2, round(each.size * 10 ** (k / 8))) for k in range(-8, 9)})
    around = [replace(each, size=size) for size in sizes]
    curves = {}
    for count in tests:
        found = powers(around, gate=gate, slots=[count], shares=[SHARES[1]])
        curves[count] = [(row.set.size, row.gain / 10**9) for row in found]
    return curves_svg(curves, size=each.size, unit=each.metric.unit)

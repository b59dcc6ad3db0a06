"""What a README says of a challenge's data: its pictures, and how its simulator is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.specs.pictures import FOLDER

if TYPE_CHECKING:
    from coopt_dag.model.challenge import Challenge
    from coopt_dag.model.science import Plots, Validation


def science(spec: Challenge) -> list[str]:
    """Give the parts in Markdown; none for a challenge without pictures and checks."""
    parts: list[str] = []
    if spec.plots is not None:
        parts += ["## Pictures", _pictures(spec.plots)]
    if spec.validation is not None:
        parts += ["## Is the simulation right?", _checks(spec.id, spec.validation)]
    return parts


def _pictures(plots: Plots) -> str:
    return "\n\n".join(
        f"![{picture.id.replace('_', ' ')}]({FOLDER}/{picture.file})\n\n{picture.caption}"
        for picture in plots.pictures
    )


def _checks(challenge: str, validation: Validation) -> str:
    intro = (
        f"`coopt challenge validate {challenge}` measures this anew with `{validation.code}` and "
        f"seed {validation.seed}; `coopt lint` fails where a value is out of its band.\n"
    )
    rows = [
        intro,
        "| check | what is measured | band | unit | reference |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| `{check.id}` | {check.summary} | {check.band} | {check.unit} | {check.reference} |"
        for check in validation.checks
    ]
    return "\n".join(rows)

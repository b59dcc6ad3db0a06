"""Checks across files: how the parts of a challenge fit together.

Each check is a generator of complaints over a draft; none of them reads data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.specs.checks import science, scoring, simulated, structure, units, wiring
from coopt_dag.specs.checks.solution import solution_errors

if TYPE_CHECKING:
    from coopt_dag.errors import SpecError
    from coopt_dag.specs.draft import Draft


def fit_errors(draft: Draft) -> list[SpecError]:
    """Give every complaint about how the files of a challenge fit."""
    errors = [
        *structure.name_errors(draft),
        *structure.baseline_errors(draft),
        *structure.file_errors(draft),
    ]
    if (
        draft.folder / "challenge.yaml"
    ).is_file():  # a step that lies alone has no types/ beside it
        errors.extend(structure.type_errors(draft))
    for solution in draft.solutions.values():
        errors.extend(solution_errors(solution))
    errors.extend(units.unit_errors(draft))
    read = draft.challenge
    if read is not None:
        errors.extend(structure.step_list_errors(draft, read))
        errors.extend(wiring.edge_errors(draft, read))
        errors.extend(wiring.unfed_errors(draft, read))
        errors.extend(wiring.cycle_errors(read))
        errors.extend(scoring.step_metric_errors(draft))
        errors.extend(scoring.end_to_end_errors(draft, read))
        errors.extend(scoring.split_errors(read))
        errors.extend(simulated.simulator_errors(read))
        errors.extend(science.science_errors(read))
    return errors

"""Constraints of steps and of the whole, as a run tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coopt_dag.errors import ScoreInvalidError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coopt_dag.execution.outcome import Outcome

    Go = Callable[..., Outcome]


def bound(workspace: Path, text: str) -> None:
    path = workspace / "steps/tiny/double/step.yaml"
    path.write_text(path.read_text() + f"constraints: [{text}]\n")


def test_a_step_keeps_or_breaks_its_bounds_on_the_record_split(go: Go, workspace: Path) -> None:
    bound(workspace, "{id: exact, value: mae, at_most: 0, summary: No error.}")
    # The baseline hands the numbers on undoubled; `twice` doubles them.
    for solution, kept in (("baseline", False), ("twice", True)):
        document = go(selection={"double": solution}).document
        assert document is not None
        found = {c["id"]: c for c in document["pipelines"][0]["constraints"]}
        assert (found["exact"]["step"], found["exact"]["kept"]) == ("double", kept)


def test_a_bound_on_a_value_that_the_metric_does_not_return_is_refused(
    go: Go, workspace: Path
) -> None:
    bound(workspace, "{id: exact, value: mea, at_most: 0, summary: No error.}")
    with pytest.raises(ScoreInvalidError, match="bounds 'mea', which metric 'mae'") as caught:
        go()
    assert "mae" in (caught.value.hint or "")

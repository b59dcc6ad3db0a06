"""Each folder of broken/ overlays the valid workspace and must bring exactly one complaint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from coopt_dag.errors import SpecError, SpecGroupError
from coopt_dag.specs.challenge import load_challenge
from coopt_dag.specs.lint import lint
from coopt_dag.specs.workspace import find_workspace

BROKEN = sorted((Path(__file__).parent / "broken").iterdir())


def overlay(case, root):
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    ignored = shutil.ignore_patterns("expected.json", "__pycache__")
    shutil.copytree(case, root, dirs_exist_ok=True, ignore=ignored)
    return expected


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_one_flaw_brings_one_complaint_with_its_path_line_reason_and_hint(case, tiny):
    expected = overlay(case, tiny.root)
    complaints = [error.to_json() for error in lint(tiny.root)]
    keys = ("path", "line", "message", "hint", "exit_code")
    assert [{k: c[k] for k in keys} for c in complaints] == [{k: expected[k] for k in keys}]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_loading_refuses_what_lint_complains_about(case, tiny):
    expected = overlay(case, tiny.root)
    if expected.get("only_lint"):
        load_challenge(tiny, "tiny")
        return
    with pytest.raises(SpecError) as caught:
        load_challenge(find_workspace(tiny.root), "tiny")
    assert caught.value.exit_code == expected["exit_code"]
    assert str(caught.value) == f"{expected['path']}:{expected['line']}: {expected['message']}"
    assert caught.value.hint == expected["hint"]


def test_every_complaint_is_given_in_one_pass(tiny):
    for case in BROKEN:
        if case.name.startswith(("07", "16", "22")):
            overlay(case, tiny.root)
    with pytest.raises(SpecGroupError) as caught:
        load_challenge(tiny, "tiny")
    assert [(e.path, e.field) for e in caught.value.errors] == [
        ("steps/tiny/add/solutions/all_of_them/solution.yaml", "entry.python"),
        ("steps/tiny/challenge.yaml", "edges[2].to"),
        ("steps/tiny/double/step.yaml", "metric.direction"),
    ]

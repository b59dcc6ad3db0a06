from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from coopt_dag.model.challenge import Challenge
from coopt_dag.model.solution import Solution
from coopt_dag.model.step import Step
from coopt_dag.model.workspace import Workspace
from coopt_dag.specs.dump import to_toml, to_yaml
from coopt_dag.specs.marks import Source
from coopt_dag.specs.read import TYPE_MODELS
from coopt_dag.specs.validate import validate
from coopt_dag.specs.workspace import parse_toml
from coopt_dag.specs.yaml_text import parse_yaml
from tests.specs import models

some_examples = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def load(document, model):
    return validate(document, model, Source(Path("x"), "x", document.marks))


def comes_back(model, cls):
    text = to_yaml(model)
    found = load(parse_yaml(text, shown="x"), cls)
    assert found == model
    assert to_yaml(found) == text
    assert text.endswith("\n")
    assert "\r" not in text
    return text


@some_examples
@given(models.challenges)
def test_a_challenge_survives_the_way_through_its_file(model):
    comes_back(model, Challenge)


@some_examples
@given(models.steps())
def test_a_step_survives_the_way_through_its_file(model):
    comes_back(model, Step)


@some_examples
@given(models.solutions)
def test_a_solution_survives_the_way_through_its_file(model):
    comes_back(model, Solution)


@some_examples
@given(models.types)
def test_a_type_survives_the_way_through_its_file(model):
    comes_back(model, TYPE_MODELS[model.kind])


@some_examples
@given(models.workspaces)
def test_a_workspace_survives_the_way_through_its_file(model):
    text = to_toml(model)
    assert load(parse_toml(text, shown="x"), Workspace) == model


@some_examples
@given(models.types)
def test_other_yaml_readers_find_the_same_in_what_we_write(model):
    plain = json.loads(model.model_dump_json(by_alias=True, exclude_defaults=True))
    assert yaml.safe_load(to_yaml(model)) == plain


def test_equal_models_give_equal_bytes_whatever_the_order_of_their_names():
    common = {"schema": "coopt/solution/1", "id": "baseline", "summary": "x", "authors": ("y",)}
    entry = {"python": "run.py"}
    one = Solution(**common, entry=entry, params={"a": {"c": 1, "d": 2}, "b": 2})
    two = Solution(**common, entry=entry, params={"b": 2, "a": {"d": 2, "c": 1}})
    assert to_yaml(one) == to_yaml(two)


@pytest.mark.parametrize(
    ("name", "ups"), [("baseline", 4), ("better", 5)], ids=["a baseline", "a solution"]
)
def test_the_schema_line_leads_from_the_file_to_the_schema(name, ups):
    spec = Solution(
        schema="coopt/solution/1", id=name, summary="x", authors=("y",), entry={"python": "run.py"}
    )
    first = to_yaml(spec).splitlines()[0]
    assert first.endswith("$schema=" + "../" * ups + "coopt_dag/specs/schemas/solution.schema.json")
    assert "=s/solution.schema.json" in to_yaml(spec, schemas="s/").splitlines()[0]

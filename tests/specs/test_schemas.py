from __future__ import annotations

import json
import shutil

import pytest

from coopt_dag.specs.export import SCHEMAS, export, main, schema_text, stale

KINDS = ["challenge", "solution", "step", "type", "workspace"]


def test_the_committed_schemas_are_those_of_the_model():
    assert stale() == []
    assert main(["--check"]) == 0


def test_a_stale_or_missing_schema_is_named(tmp_path):
    folder = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, folder)
    (folder / "step.schema.json").write_text("{}\n", encoding="utf-8")
    (folder / "type.schema.json").unlink()
    assert [e.path for e in stale(folder)] == [
        str(folder / "type.schema.json"),
        str(folder / "step.schema.json"),
    ]
    export(folder)
    assert stale(folder) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_byte_stable_and_ends_with_a_newline(kind):
    text = schema_text(kind)
    assert text == schema_text(kind)
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_every_kind_has_a_schema_and_there_are_no_others():
    assert sorted(p.name for p in SCHEMAS.iterdir()) == [f"{k}.schema.json" for k in KINDS]


def test_texts_below_fields_become_descriptions_for_editors():
    challenge = json.loads(schema_text("challenge"))
    # coopt_dag/model/challenge.py says this below `manifest` and below Split.visibility.
    assert challenge["properties"]["manifest"]["description"].startswith("Terms of working")
    assert "sealed" in challenge["$defs"]["Split"]["properties"]["visibility"]["description"]


def test_a_schema_refuses_unknown_keys():
    assert json.loads(schema_text("step"))["additionalProperties"] is False

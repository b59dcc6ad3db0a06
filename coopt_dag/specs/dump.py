"""A model becomes the YAML that we would have written: byte-stable, schema line first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from coopt_dag.model.challenge import Challenge
from coopt_dag.model.solution import Solution
from coopt_dag.model.step import Step
from coopt_dag.specs.draft import BASELINE
from coopt_dag.specs.scalars import ScalarRefused, plain_scalar

if TYPE_CHECKING:
    from pydantic import BaseModel

    from coopt_dag.model.workspace import Workspace
    from coopt_dag.specs.read import AnyType

_PACKAGE = "coopt_dag/specs/schemas/"


def to_yaml(model: Challenge | Step | Solution | AnyType, *, schemas: str = "") -> str:
    """Give a model as YAML; equal models give equal bytes.

    Keys are in the model's order, names that the author chose are sorted, defaults are left out.

    Parameters
    ----------
    schemas : str
        Path from the file to the folder of schemas, with a slash at its end; by default the way
        from where such a file lies in a workspace that holds the package, as this repository does.

    Examples
    --------
    >>> from coopt_dag.model.artifact import FileType
    >>> print(to_yaml(FileType(id="raw", kind="file", summary="Raw.", suffix=".bin")), end="")
    # yaml-language-server: $schema=../../../coopt_dag/specs/schemas/type.schema.json
    id: raw
    kind: file
    summary: Raw.
    suffix: .bin
    """
    kind, depth = _kind(model)
    folder = schemas or "../" * depth + _PACKAGE
    data = _sorted(model, model.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    body = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, line_break="\n"
    )
    return f"# yaml-language-server: $schema={folder}{kind}.schema.json\n{body}"


def to_toml(workspace: Workspace) -> str:
    r"""Give a workspace as the text of `coopt.toml`; equal models give equal bytes.

    Examples
    --------
    >>> from coopt_dag.model.workspace import Paths, Workspace
    >>> w = Workspace(schema="coopt/workspace/1", name="x", paths=Paths(data="d"))
    >>> print(to_toml(w), end="")
    schema = "coopt/workspace/1"
    name = "x"
    <BLANKLINE>
    [paths]
    data = "d"
    """
    data = workspace.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    tables = {key: value for key, value in data.items() if isinstance(value, dict)}
    lines = [f"{key} = {_quoted(value)}" for key, value in data.items() if key not in tables]
    for table, values in tables.items():
        lines += ["", f"[{table}]", *(f"{key} = {_quoted(v)}" for key, v in values.items())]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Give a TOML basic string: JSON's, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _kind(model: BaseModel) -> tuple[str, int]:
    """Give the kind of file and how many folders below the workspace it lies."""
    match model:
        case Challenge():
            return "challenge", 2
        case Step():
            return "step", 3
        case Solution():
            return "solution", 4 if model.id == BASELINE else 5
        case _:
            return "type", 3


def _sorted(model: object, data: Any) -> Any:
    """Sort the keys of mappings that are no models: their order means nothing."""
    if isinstance(data, list):
        items = model if isinstance(model, (list, tuple)) else [None] * len(data)
        return [_sorted(m, d) for m, d in zip(items, data, strict=True)]
    if not isinstance(data, dict):
        return data
    fields = getattr(type(model), "model_fields", None)
    if fields is not None:
        by_key = {(field.alias or name): getattr(model, name) for name, field in fields.items()}
        return {key: _sorted(by_key[key], value) for key, value in data.items()}
    values = model if isinstance(model, dict) else {}
    return {key: _sorted(values.get(key), data[key]) for key in sorted(data)}


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes every text that some reader would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the signature is PyYAML's)
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    try:
        if text and not isinstance(plain_scalar(text), str):
            style = "'"
    except ScalarRefused:
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)

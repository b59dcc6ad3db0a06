"""JSON Schemas of every specification file, exported from the model for editors and CI.

`python -m coopt_dag.specs.export` writes them, `--check` fails when one is stale.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from coopt_dag.errors import SpecError, SpecGroupError
from coopt_dag.model import artifact, challenge, metric, science, solution, step, workspace
from coopt_dag.model.artifact import ArtifactType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

SCHEMAS = Path(__file__).parent / "schemas"
_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "workspace": TypeAdapter(workspace.Workspace),
    "challenge": TypeAdapter(challenge.Challenge),
    "type": TypeAdapter(ArtifactType),
    "step": TypeAdapter(step.Step),
    "solution": TypeAdapter(solution.Solution),
}
_MODULES = (artifact, challenge, metric, science, solution, step, workspace)


def schema_text(kind: str) -> str:
    """Give the JSON Schema of one kind of file: sorted keys, two spaces, one newline at the end.

    >>> import json
    >>> json.loads(schema_text("step"))["properties"]["metric"]
    {'$ref': '#/$defs/Metric'}
    """
    schema = _ADAPTERS[kind].json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"coopt {kind}"
    _describe(schema, _field_docs())
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def stale(folder: Path = SCHEMAS) -> list[SpecError]:
    """Give a complaint for each schema file that is not what the model says now."""
    errors = []
    for kind in _ADAPTERS:
        path = folder / f"{kind}.schema.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != schema_text(kind):
            errors.append(
                SpecError(
                    "is not the schema of the model.",
                    hint="run `python -m coopt_dag.specs.export`.",
                    path=path,
                )
            )
    return errors


def export(folder: Path = SCHEMAS) -> list[Path]:
    """Write every schema and give the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind in _ADAPTERS:
        path = folder / f"{kind}.schema.json"
        path.write_text(schema_text(kind), encoding="utf-8")
        paths.append(path)
    return paths


def main(arguments: Sequence[str], *, folder: Path = SCHEMAS) -> int:
    """Write the schemas, or with `--check` give exit code 3 when one is stale."""
    if "--check" not in arguments:
        export(folder)
        return 0
    errors = stale(folder)
    if errors:
        group = SpecGroupError(errors)
        sys.stderr.write(f"{group}\nhint: {group.hint}\n")
        return group.exit_code
    return 0


def _describe(schema: dict[str, Any], docs: dict[str, dict[str, str]]) -> None:
    """Put the text below each field of the model into the schema, where editors show it."""
    parts = {schema["title"].removeprefix("coopt ").capitalize(): schema, **schema.get("$defs", {})}
    for name, part in parts.items():
        for field, text in docs.get(name, {}).items():
            if field in part.get("properties", {}):
                part["properties"][field]["description"] = text


def _field_docs() -> dict[str, dict[str, str]]:
    """Collect, by model and field, the strings written below the fields."""
    return {
        cls.__name__: dict(_strings_below(cls)) for module in _MODULES for cls in _models(module)
    }


def _models(module: ModuleType) -> Iterator[type[BaseModel]]:
    for value in vars(module).values():
        own = isinstance(value, type) and value.__module__ == module.__name__
        if own and issubclass(value, BaseModel):
            yield value


def _strings_below(cls: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Give (alias, text) of each field that a string follows in the source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    if not isinstance(body, ast.ClassDef):
        return
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield cls.model_fields[name].alias or name, inspect.cleandoc(text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

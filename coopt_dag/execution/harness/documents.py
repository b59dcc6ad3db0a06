"""JSON artifacts: strict in (no NaN, no duplicate keys), canonical out."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

from coopt_dag.execution.harness.artifacts import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KINDS: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


def load(name: str, type_: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Read a JSON object and check it."""
    try:
        value = json.loads(
            path.read_bytes().decode("utf-8"),
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
    except (ValueError, RecursionError) as error:
        raise refuse(name, f"{path.name} is not strict JSON: {error}") from error
    check(name, type_, value)
    return value  # type: ignore[no-any-return]  # check() has seen that it is an object


def save(name: str, type_: Mapping[str, Any], value: Any, path: Path) -> None:
    """Check a JSON object and write it with sorted keys and a trailing newline."""
    check(name, type_, value)
    try:
        text = json.dumps(value, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise refuse(name, f"cannot be written as JSON: {error}") from error
    path.write_bytes(text.encode() + b"\n")


def check(name: str, type_: Mapping[str, Any], value: Any) -> None:
    """Refuse anything but an object whose fields are those declared, all finite."""
    if not isinstance(value, dict):
        raise refuse(name, f"expected a JSON object, got {type(value).__name__}")
    _finite(name, value)
    fields = {f["name"]: f for f in type_["fields"]}
    if not fields:
        return
    for key in value:
        if key not in fields:
            raise refuse(name, f"field '{key}' is not declared by type '{type_['id']}'")
    for key, field in fields.items():
        _check_field(name, key, field, value)


def _check_field(name: str, key: str, field: Mapping[str, Any], value: dict[str, Any]) -> None:
    if key in value:
        got = value[key]
        wrong_bool = isinstance(got, bool) and field["type"] != "boolean"
        if wrong_bool or not isinstance(got, _KINDS[field["type"]]):
            raise refuse(name, f"field '{key}' must be {field['type']}, got {type(got).__name__}")
    elif field["required"]:
        raise refuse(name, f"field '{key}' is missing")


def _finite(name: str, value: Any) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, float) and not math.isfinite(item):
            raise refuse(name, f"holds {item}, which is no number")
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not allowed")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a key twice")
    return found

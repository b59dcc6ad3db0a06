"""JSON artifacts: strict in (no NaN, no duplicate keys, no bombs), canonical out."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

from coopt_dag.execution.harness.artifacts import refuse
from coopt_dag.execution.harness.reading import read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_BYTES = 1 << 26
"""Python needs up to 25 times the bytes of a JSON text to hold it."""
DEEPEST = 64
"""Lists and objects inside each other."""
LONGEST_NUMBER = 128
"""Characters of a number; so every integer also fits a float."""

_KINDS: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}
# A text that never ends still matches, once: a pattern that failed there would be tried again at
# every quote, in quadratic time.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKET = bytes(b for b in range(256) if b not in b"[]{}")
_ALIKE = bytes.maketrans(b"{}", b"[]")
_BEYOND = 10**LONGEST_NUMBER


def load(
    name: str,
    type_: Mapping[str, Any],
    path: Path,
    *,
    limit_bytes: int | None = None,
    links: bool = False,
) -> dict[str, Any]:
    """Read a JSON object and check it."""
    most = MOST_BYTES if limit_bytes is None else min(limit_bytes, MOST_BYTES)
    text = read_plain(name, path, limit_bytes=most, links=links)
    try:
        value = parse(text)
    except ValueError as error:
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


def parse(text: bytes) -> Any:
    """Parse strict JSON: UTF-8, bounded depth and digits, finite numbers, each key once.

    Raises
    ------
    ValueError
        It is anything else.

    Examples
    --------
    >>> parse(b'{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> parse(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ValueError: an object names a key twice
    """
    _check_depth(text)
    return json.loads(
        text.decode("utf-8"),
        parse_constant=_no_constant,
        parse_float=_finite_float,
        parse_int=_short_int,
        object_pairs_hook=_no_duplicates,
    )


def check(name: str, type_: Mapping[str, Any], value: Any) -> None:
    """Refuse anything but an object whose fields are those declared, all finite."""
    if not isinstance(value, dict):
        raise refuse(name, f"expected a JSON object, got {type(value).__name__}")
    _check_values(name, value)
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


def _check_values(name: str, value: Any) -> None:
    """Look at every value and key; a value that holds itself is too deep."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise refuse(name, f"is nested deeper than {DEEPEST}")
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list | tuple):
                below.extend(item)
            else:
                _check_scalar(name, item)
        level, depth = below, depth + 1


def _check_scalar(name: str, item: Any) -> None:
    if isinstance(item, float) and not math.isfinite(item):
        raise refuse(name, f"holds {item}, which is no number")
    if isinstance(item, int) and not -_BEYOND < item < _BEYOND:
        raise refuse(name, f"holds an integer of more than {LONGEST_NUMBER} digits")
    if isinstance(item, str) and not item.isascii():
        try:
            item.encode()
        except UnicodeEncodeError as error:
            raise refuse(name, f"holds a text that is no Unicode: {item[:40]!a}") from error


def _check_depth(text: bytes) -> None:
    """Take the innermost pairs of brackets away until none is left: linear, without recursion."""
    brackets = _TEXT.sub(b"", text).translate(_ALIKE, _NO_BRACKET)
    for _ in range(DEEPEST):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise ValueError(f"nested deeper than {DEEPEST}, or brackets that do not match")


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not allowed")


def _short_int(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number has {len(text)} characters, at most {LONGEST_NUMBER}")
    return int(text)


def _finite_float(text: str) -> float:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number has {len(text)} characters, at most {LONGEST_NUMBER}")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a key twice")
    return found

"""Plain data become a model, or complaints that each point at a line."""

from __future__ import annotations

import json
import re
from types import UnionType
from typing import TYPE_CHECKING, Annotated, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from coopt_dag.errors import SpecError, SpecGroupError, near
from coopt_dag.specs.marks import dotted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from coopt_dag.specs.marks import Document, Loc, Source

T = TypeVar("T", bound=BaseModel)

_HINTS = {
    "unit": "write e.g. `unit: stars`, or `unit: '1'` for a pure number.",
    "range": "give both finite bounds of what the metric can return, e.g. `range: [0, 1]`.",
    "direction": "write `direction: minimise` or `direction: maximise`.",
    "schema": "write e.g. `schema: coopt/step/1`.",
}
_SLUG = "^[a-z][a-z0-9_]{0,47}$"


def validate(document: Document, model: type[T], source: Source) -> T:
    """Give the model that `document` describes.

    Raises
    ------
    SpecGroupError
        With every complaint about the file, in the order of its lines.
    """
    flawed = {flaw.loc for flaw in document.flaws}
    errors = [
        SpecError(f.message, hint=f.hint, path=source.shown, line=f.line, field=dotted(f.loc))
        for f in document.flaws
    ]
    try:
        # JSON mode is strict about types, yet takes lists for tuples and texts for times.
        text = json.dumps(document.value, allow_nan=False)
        found = model.model_validate_json(text, strict=True)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            loc: Loc = details["loc"]
            if not any(loc[:i] in flawed for i in range(1, len(loc) + 1)):
                errors.append(_complaint(details, model, source))
    if errors:
        raise SpecGroupError(sorted(errors, key=lambda e: e.line or 0))
    return found


def _complaint(details: ErrorDetails, model: type[BaseModel], source: Source) -> SpecError:
    """Turn one complaint of pydantic into one of ours."""
    loc: Loc = details["loc"]
    at_key = details["type"] == "extra_forbidden"
    if loc and loc[-1] == "[key]":
        loc, at_key = loc[:-1], True
    message, hint = _words(details, loc, model)
    return source.error(loc, message, hint=hint, at_key=at_key)


def _words(details: ErrorDetails, loc: Loc, model: type[BaseModel]) -> tuple[str, str]:
    """Give message and hint for one complaint of pydantic."""
    name = dotted(loc) or "the document"
    last = str(loc[-1]) if loc else ""
    got = _short(details["input"])
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            hint = _HINTS.get(last, f"add `{last}:`; the file's schema says what it means.")
            return f"{name} is missing.", hint
        case "extra_forbidden":
            return f"{name} is not a known key.", near(last, known_keys(model, loc[:-1]))
        case "literal_error":
            expected = str(context["expected"])
            hint = near(str(details["input"]), re.findall(r"'([^']*)'", expected))
            return f"{name} is {got}, but should be {expected}.", hint
        case "value_error":
            text = details["msg"].removeprefix("Value error, ")
            return f"{name}: {text}.", _HINTS.get(last, "change it so that this holds.")
        case "string_pattern_mismatch":
            return f"{name} is {got}, which does not have the right form.", _form(context)
        case _:
            hint = _HINTS.get(last, "change it so that this holds.")
            return f"{name} is {got}, but {_should(details['msg'])}.", hint


def _should(text: str) -> str:
    """Turn pydantic's sentence into the second half of ours.

    >>> _should("Input should be a valid integer"), _should("String should have 3 characters")
    ('should be a valid integer', 'should have 3 characters')
    """
    return re.sub(r"^(?:Input|String|List|Tuple|Dictionary|Value) ", "", text).replace(
        "dictionary", "mapping"
    )


def _form(context: object) -> str:
    """Say what form a text must have."""
    pattern = context.get("pattern", "") if isinstance(context, dict) else ""
    if pattern == _SLUG:
        return "use small letters, digits and _, a letter first, at most 48."
    return f"it must match {pattern}"


def _short(value: object) -> str:
    """Quote a value, cut after 60 characters.

    >>> _short("hit_list"), _short({"a": 1})
    ("'hit_list'", 'a mapping')
    """
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None:
        return "empty"
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "…'"


def known_keys(model: object, loc: Loc) -> list[str]:
    """Give the keys that may stand at `loc` below a document of `model`.

    >>> from coopt_dag.model.challenge import Challenge
    >>> known_keys(Challenge, ("edges", 0))
    ['from', 'to']
    """
    for part in loc:
        model = _inside(_bare(model), part)
    model = _bare(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or name for name, field in model.model_fields.items()]
    return []


def _bare(annotation: object) -> object:
    """Strip `Annotated` and `| None`."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = get_args(annotation)[0]
    return annotation


def _inside(annotation: object, part: str | int) -> object:
    """Give the annotation of the value at key or position `part`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if (field.alias or name) == part:
                return field.annotation
        return None
    inner = get_args(annotation)
    if not inner:
        return None
    return inner[1] if get_origin(annotation) is dict else inner[0]

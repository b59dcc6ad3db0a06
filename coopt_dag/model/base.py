"""The one strict, frozen pydantic base, and the words that identifiers are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""Identifier of a challenge, step, solution, type, input or output."""

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=8000, strip_whitespace=True)]


def _stays_below(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError("must be a path below the file that names it: no leading '/', no '..'")
    return text


RelativePath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._/-]+$", max_length=300),
    AfterValidator(_stays_below),
]
"""A path below the folder of the file that names it: no `..`, not absolute."""


class Frozen(BaseModel):
    """Refuses unknown keys, never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

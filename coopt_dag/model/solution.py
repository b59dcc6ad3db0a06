"""A solution: someone's answer to one step."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from coopt_dag.model.base import Frozen, RelativePath, Sentence, Slug

_COMMAND_BYTES = 1 << 16
"""Half of what Linux takes as one word."""


class Entry(Frozen):
    """How to run it: a Python function, or an executable that reads `$COOPT_IN`, `$COOPT_OUT`."""

    python: RelativePath | None = None
    function: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "solve"
    command: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Entry:
        if (self.python is None) == (self.command is None):
            raise ValueError("give either python or command")
        if self.command is not None and not self.command:
            raise ValueError("command is empty")
        if self.command is not None and any("\0" in word for word in self.command):
            raise ValueError("command holds a null character")
        if self.command is not None and sum(len(w.encode()) for w in self.command) > _COMMAND_BYTES:
            raise ValueError(f"command has more than {_COMMAND_BYTES} bytes; put it in a file")
        return self


class Solution(Frozen):
    """Who, under which licence, descended from what, and how to run it."""

    schema_: Annotated[Literal["coopt/solution/1"], Field(alias="schema")]
    id: Slug
    summary: Sentence
    authors: Annotated[tuple[str, ...], Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1, max_length=60)] = "Apache-2.0"
    parents: tuple[str, ...] = ()
    """CIDs of the solutions that this one was forked from."""
    entry: Entry
    params: dict[Slug, JsonValue] = {}
    environment: RelativePath | None = None
    """Hash-locked requirements beside this file; absent = the challenge's environment."""

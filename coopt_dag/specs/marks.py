"""A value read from text, and the line of each of its keys and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Loc = tuple[str | int, ...]
"""Way from the root of a document to a value: keys and list positions."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Lines, from 1, of a key and of its value; for a list item both are the item's."""

    key: int
    value: int


@dataclass(frozen=True, slots=True)
class Flaw:
    """A value that cannot be taken as it is written; the rest of the document can be read."""

    loc: Loc
    line: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data with the line of everything in it."""

    value: object
    marks: Mapping[Loc, Mark]
    flaws: tuple[Flaw, ...] = ()


def dotted(loc: Loc) -> str:
    """Write a location as people do.

    >>> dotted(("edges", 3, "to"))
    'edges[3].to'
    """
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a model was read from, able to point at any of its values."""

    path: Path
    shown: str
    marks: Mapping[Loc, Mark]

    def line(self, loc: Loc, *, at_key: bool = False) -> int:
        """Line of the value at `loc`, or of the nearest key around it that exists."""
        mark = self.marks.get(loc)
        if mark is not None:
            return mark.key if at_key else mark.value
        while loc:
            loc = loc[:-1]
            mark = self.marks.get(loc)
            if mark is not None:
                return mark.key
        return 1

    def error(self, loc: Loc, message: str, *, hint: str, at_key: bool = False) -> SpecError:
        """Build a complaint about the value (or the key) at `loc`."""
        line = self.line(loc, at_key=at_key)
        return SpecError(message, hint=hint, path=self.shown, line=line, field=dotted(loc) or None)

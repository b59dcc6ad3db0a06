"""YAML text becomes plain data in which every key and value knows its line.

It is built from libyaml's events, not from its nodes: PyYAML's C composer recurses once per level
and crashes the interpreter on a file of 100,000 brackets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from coopt_dag.errors import SpecError
from coopt_dag.specs.marks import Document, Flaw, Loc, Mark, dotted
from coopt_dag.specs.scalars import ScalarRefused, plain_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
MAX_VALUES = 50_000
"""Values of one document with its aliases written out; stops "billion laughs"."""

_CORE_TAGS = re.compile(r"!|tag:yaml\.org,2002:(?:str|map|seq)")

_Content = ScalarEvent | MappingStartEvent | SequenceStartEvent


def parse_yaml(text: str, *, shown: str) -> Document:
    r"""Read one YAML document; values that cannot be taken become `flaws`, not guesses.

    Parameters
    ----------
    text : str
        The whole file.
    shown : str
        Path to print in complaints.

    Raises
    ------
    SpecError
        Bad syntax, several documents, a tag, or too deep, long or swollen a document.

    Examples
    --------
    >>> d = parse_yaml("a:\n  b: [1, .nan]\n", shown="x.yaml")
    >>> d.value, d.marks[("a", "b")].key, d.flaws[0].message
    ({'a': {'b': [1, None]}}, 2, 'a.b[1] is .nan, but only finite numbers are allowed.')
    """
    if len(text) > MAX_BYTES:
        raise SpecError(
            f"has {len(text)} characters, but a specification has at most {MAX_BYTES}.",
            hint="keep data in files under data/.",
            path=shown,
        )
    try:
        events = yaml.parse(text, Loader=yaml.CSafeLoader)
        return _Builder(events, shown).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(p for p in (error.context, error.problem) if p)
        raise SpecError(
            f"is not valid YAML: {reason}.",
            hint="check indentation, colons, quotes and brackets on this line and the one before.",
            path=shown,
            line=mark.line + 1 if mark else None,
        ) from error
    except yaml.YAMLError as error:
        raise SpecError(
            f"is not readable as YAML: {str(error).splitlines()[0]}.",
            hint="save it as UTF-8 text without control characters.",
            path=shown,
        ) from error


class _Builder:
    """Turns the stream of events into data and marks."""

    def __init__(self, events: Iterator[yaml.Event], shown: str) -> None:
        self._events = events
        self._shown = shown
        self._marks: dict[Loc, Mark] = {}
        self._flaws: list[Flaw] = []
        self._anchors: dict[str, tuple[int, int, object]] = {}
        """Anchor → first and last of its values in `_order`, and its data."""
        self._order: list[Loc] = []
        self._open: set[str] = set()

    def document(self) -> Document:
        """Read the only document."""
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                break
        else:
            raise self._refuse(1, "is empty", "write its keys; see the schema for which.")
        event = next(self._events)
        value = self._value(event, (), key_line=_line(event))
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                raise self._refuse(_line(event), "holds a second document", "use one file for one.")
        return Document(value, self._marks, tuple(self._flaws))

    def _refuse(self, line: int, message: str, hint: str) -> SpecError:
        return SpecError(f"{message}.", hint=hint, path=self._shown, line=line)

    def _value(self, event: yaml.Event, loc: Loc, *, key_line: int) -> object:
        line = _line(event)
        if isinstance(event, AliasEvent):
            return self._alias(event, loc, key_line)
        if not isinstance(event, (ScalarEvent, MappingStartEvent, SequenceStartEvent)):
            raise self._refuse(line, "ends too early", "complete it.")
        self._allow(event, loc)
        scalar = isinstance(event, ScalarEvent)
        start = len(self._order)
        self._mark(loc, Mark(key_line, line if scalar else key_line))
        anchor: str | None = event.anchor
        if anchor:
            self._open.add(anchor)
        if isinstance(event, ScalarEvent):
            value: object = self._scalar(event, loc)
        elif isinstance(event, MappingStartEvent):
            value = self._mapping(loc)
        else:
            value = self._sequence(loc)
        if anchor:
            self._open.discard(anchor)
            self._anchors[anchor] = (start, len(self._order), value)
        return value

    def _allow(self, event: _Content, loc: Loc) -> None:
        """Refuse what no specification needs: tags, and depth that exhausts the stack."""
        line = _line(event)
        if len(loc) > MAX_DEPTH:
            raise self._refuse(line, f"is nested deeper than {MAX_DEPTH} levels", "flatten it.")
        if event.tag and not _CORE_TAGS.fullmatch(event.tag):
            raise self._refuse(line, f"uses the tag {event.tag}", "remove it; tags are refused.")

    def _mark(self, loc: Loc, mark: Mark) -> None:
        if len(self._order) >= MAX_VALUES:
            raise self._refuse(
                mark.key,
                f"grows beyond {MAX_VALUES} values when aliases are written out",
                "use fewer aliases; keep data in files under data/.",
            )
        self._marks[loc] = mark
        self._order.append(loc)

    def _scalar(self, event: ScalarEvent, loc: Loc) -> object:
        text: str = event.value
        if event.style or event.tag:
            return text
        try:
            return plain_scalar(text)
        except ScalarRefused as refused:
            self._flaw(loc, _line(event), str(refused), refused.hint)
            return None

    def _flaw(self, loc: Loc, line: int, message: str, hint: str) -> None:
        name = dotted(loc) or "the document"
        self._flaws.append(Flaw(loc, line, f"{name} {message}.", hint))

    def _sequence(self, loc: Loc) -> list[object]:
        items: list[object] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._value(event, (*loc, len(items)), key_line=_line(event)))
        return items

    def _mapping(self, loc: Loc) -> dict[str, object]:
        found: dict[str, object] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event)
            line = _line(event)
            below = (*loc, key)
            if key in found:
                first = self._marks[below].key
                self._flaw(below, line, f"is given twice, first on line {first}", "keep one.")
                below = (*loc, f"{key} (again)")
            value = self._value(next(self._events), below, key_line=line)
            found.setdefault(key, value)
        return found

    def _key(self, event: yaml.Event) -> str:
        line = _line(event)
        if not isinstance(event, ScalarEvent):
            raise self._refuse(line, "has a key that is no word", "use words as keys.")
        key: str = event.value
        if key == "<<" and not event.style:
            raise self._refuse(line, "merges with '<<'", "write the keys out.")
        try:
            plain = event.style or event.tag or isinstance(plain_scalar(key), str)
        except ScalarRefused:
            plain = False
        if not plain:
            raise self._refuse(
                line,
                f"has the key {key or '(nothing)'}, which is no word",
                f'write "{key}" in quotes if a name is meant.',
            )
        return key

    def _alias(self, event: AliasEvent, loc: Loc, key_line: int) -> object:
        name = str(event.anchor)
        if name in self._open:
            raise self._refuse(_line(event), f"uses *{name} inside itself", "write it out.")
        if name not in self._anchors:
            raise self._refuse(_line(event), f"uses *{name}, which has no anchor", "write it out.")
        start, end, value = self._anchors[name]
        depth = len(self._order[start])
        self._mark(loc, Mark(key_line, _line(event)))
        for i in range(start + 1, end):
            at = self._order[i]
            self._mark((*loc, *at[depth:]), self._marks[at])
        return value


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1

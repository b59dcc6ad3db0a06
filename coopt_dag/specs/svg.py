"""What an SVG may hold: shapes, text and styles; nothing that runs, moves or fetches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Mapping

SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset(
    [
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "style", "image"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"),
        *("clipPath", "mask", "marker", "pattern", "linearGradient", "radialGradient", "stop"),
    ]
)
_ABOUT = (
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://purl.org/dc/elements/1.1/",
    "http://creativecommons.org/ns#",
)
"""Namespaces of what `metadata` says of a picture; a viewer does nothing with them."""
_DOCTYPE = (
    "svg",
    "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd",
    "-//W3C//DTD SVG 1.1//EN",
    0,
)
"""The one that matplotlib writes; no viewer fetches it, and it declares nothing itself."""
_FUNCTION = re.compile(r"([A-Za-z_-]+)\s*\(\s*(['\"]?)(.?)")
_FUNCTIONS = frozenset(
    ("matrix", "translate", "scale", "rotate", "skewX", "skewY", "rgb", "rgba", "hsl", "hsla")
)
_INLINE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
_SPACE = " "
"""Between a namespace and a name, as expat gives them to us."""


class _RefusedError(Exception):
    """The first thing that may not be there."""


def svg_flaw(data: bytes) -> str | None:
    """Give the first thing in an SVG that has no place in a picture; None if there is none.

    Examples
    --------
    >>> svg_flaw(b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>')
    >>> svg_flaw(b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>')
    "line 1: the attribute 'onload', which runs code"
    """
    parser = expat.ParserCreate("utf-8", _SPACE)
    reader = _Reader()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.XmlDeclHandler = _declaration
    parser.StartDoctypeDeclHandler = _doctype
    parser.EntityDeclHandler = _entity
    parser.ProcessingInstructionHandler = _instruction
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        return f"line {error.lineno}: no XML that could be read"
    except _RefusedError as refused:
        return f"line {parser.CurrentLineNumber}: {refused}"
    return None


def _declaration(_: str, encoding: str | None, __: int) -> None:
    if (encoding or "utf-8").lower() != "utf-8":
        raise _RefusedError(f"the encoding '{encoding}', where viewers and we could read apart")


def _doctype(*declared: object) -> None:
    if declared != _DOCTYPE:
        raise _RefusedError("a document type other than plain SVG 1.1")


def _entity(name: str, *_: object) -> None:
    raise _RefusedError(f"an entity, '{name}'")


def _instruction(target: str, _: str) -> None:
    raise _RefusedError(f"a processing instruction, '{target}'")


class _Reader:
    """Follows the elements, and refuses what is not on the list."""

    def __init__(self) -> None:
        self.within: list[str] = []
        self.style = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Look at an element as it opens."""
        space, _, local = name.rpartition(_SPACE)
        if not self.within and (space, local) != (SVG, "svg"):
            raise _RefusedError(f"the root element '{local}', where 'svg' should be")
        about = space in _ABOUT and f"{SVG}{_SPACE}metadata" in self.within
        if not about and not (space == SVG and local in _ELEMENTS):
            raise _RefusedError(f"the element '{local}'")
        for key, value in attributes.items():
            if not (about and key.rpartition(_SPACE)[0] in _ABOUT):
                _attribute(local, key.rpartition(_SPACE)[2], value)
        self.within.append(name)
        self.style = ""

    def end(self, name: str) -> None:
        """Look at the text of a style as it ends."""
        self.within.pop()
        if name == f"{SVG}{_SPACE}style":
            _styles(self.style)

    def text(self, text: str) -> None:
        """Keep text, which may be a style's."""
        if self.within and self.within[-1] == f"{SVG}{_SPACE}style":
            self.style += text


def _attribute(element: str, name: str, value: str) -> None:
    if name.lower().startswith("on"):
        raise _RefusedError(f"the attribute '{name}', which runs code")
    if name == "base":
        raise _RefusedError("the attribute 'base', which turns references outwards")
    if name in {"href", "src"}:
        inline = element == "image" and _INLINE.fullmatch(value)
        if not (value.startswith("#") or inline):
            raise _RefusedError(f"a reference to something outside of it, '{value[:40]}'")
        return
    _styles(value)


def _styles(text: str) -> None:
    """Refuse all of CSS that could fetch: rules with @, escapes, comments, unknown functions."""
    for mark in ("@", "\\", "/*"):
        if mark in text:
            raise _RefusedError(f"'{mark}' in a style or attribute")
    for name, _, first in _FUNCTION.findall(text):
        if name not in _FUNCTIONS and not (name.lower() == "url" and first == "#"):
            raise _RefusedError(f"'{name}(…)' in a style or attribute")

"""What an SVG may hold: shapes and text by name, and nothing that runs, moves or fetches."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.specs.svg import svg_flaw

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
DOCTYPE = (
    '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n'
    '  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
)
METADATA = """<metadata>
 <rdf:RDF xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmlns:cc="http://creativecommons.org/ns#"
   xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <cc:Work><dc:type rdf:resource="http://purl.org/dc/dcmitype/StillImage"/></cc:Work>
 </rdf:RDF>
</metadata>"""


def flaw(inside: str, *, before: str = "") -> str | None:
    return svg_flaw(f"{before}{HEAD}>{inside}</svg>".encode())


@pytest.mark.parametrize(
    "inside",
    [
        METADATA,
        '<g id="a" transform="translate(1 2) scale(3)"><path d="M 0 0" style="fill: none"/></g>',
        '<defs><style type="text/css">*{stroke-linejoin: round}</style></defs>',
        '<use xlink:href="#a" x="1"/><g clip-path="url(#b)"/>',
        '<image xlink:href="data:image/png;base64,\niVBORw0KGgo=" width="1" height="1"/>',
        "<text x='1'>f(x) = 1 @ 2 \\ 3, http://nowhere.invalid</text>",
    ],
)
def test_what_a_drawing_needs_is_taken(inside: str) -> None:
    assert flaw(inside) is None
    assert flaw(inside, before=DOCTYPE) is None


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<script>x()</script>", "the element 'script'"),
        ('<SCRIPT xmlns="http://www.w3.org/1999/xhtml"/>', "the element 'SCRIPT'"),
        ("<foreignObject/>", "the element 'foreignObject'"),
        ('<a href="#x"/>', "the element 'a'"),
        ('<set attributeName="onclick" to="x()"/>', "the element 'set'"),
        ('<animate attributeName="href"/>', "the element 'animate'"),
        ('<rect onclick="x()"/>', "runs code"),
        ('<rect ONLOAD="x()"/>', "runs code"),
        ('<use xlink:href="http://nowhere.invalid/x.svg#a"/>', "outside"),
        ('<use href=" #a"/>', "outside"),
        ('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>', "outside"),
        ('<image href="javascript:x()"/>', "outside"),
        ('<use href="data:image/png;base64,AAAA"/>', "outside"),
        ('<g xml:base="http://nowhere.invalid/"/>', "'base'"),
        ('<rect fill="url(http://nowhere.invalid/#a)"/>', "'url(…)'"),
        ("<rect style=\"fill: URL( 'x.svg#a')\"/>", "'URL(…)'"),
        ("<style>@import 'x.css';</style>", "'@'"),
        ("<style><![CDATA[@font-face{src: local(x)}]]></style>", "'@'"),
        ("<style>*{background: u\\72l(x)}</style>", "'\\'"),
        ("<style>*{fill: u/**/rl(x)}</style>", "'/*'"),
        ("<style>*{background: image-set('x.png' 1x)}</style>", "'image-set(…)'"),
        ("<style>*{fill: ur<!-- -->l(x)}</style>", "'url(…)'"),
        ('<?xml-stylesheet href="x.css"?>', "a processing instruction"),
        ('<dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"/>', "the element 'title'"),
        ("<g>", "no XML"),
        ("&nbsp;", "no XML"),
    ],
)
def test_what_could_run_move_or_fetch_is_refused(inside: str, said: str) -> None:
    assert said in str(flaw(inside))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]>', "a document type"),
        ('<!DOCTYPE svg SYSTEM "file:///etc/passwd">', "a document type"),
        (DOCTYPE[:-2] + ' [<!ENTITY a "b">]>', "a document type"),
        ('<?xml version="1.0" encoding="utf-7"?>', "the encoding 'utf-7'"),
        ('<?xml-stylesheet href="x.css"?>', "a processing instruction"),
    ],
)
def test_no_document_declares_anything(before: str, said: str) -> None:
    assert said in str(flaw("", before=before))


@pytest.mark.parametrize("text", ["<html/>", "<svg/>", "", "GIF89a"])
def test_what_is_no_svg_is_refused(text: str) -> None:
    assert svg_flaw(text.encode()) is not None


def test_the_line_of_a_flaw_is_told() -> None:
    # the head is line 1, the two paths are lines 2 and 3, the script is line 4
    assert str(flaw("\n<path/>\n<path/>\n<script/>")).startswith("line 4: ")


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_judged_without_a_crash(data: bytes) -> None:
    assert svg_flaw(data) is not None  # chance does not write a drawing


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])))
def test_any_words_may_be_written_on_a_drawing(words: str) -> None:
    assert flaw(f"<text>{escape(words)}</text><title>{escape(words)}</title>") is None


@given(st.text("onclikad", min_size=1, max_size=9), st.sampled_from(["on", "On", "ON", "oN"]))
def test_no_handler_of_any_name_is_taken(name: str, on: str) -> None:
    assert "runs code" in str(flaw(f'<rect {on}{name}="x"/>'))

"""The waterfall of a settlement as SVG: self-contained, the same bytes for the same table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from coopt_dag.report.measure import measure_of
from coopt_dag.report.payments import printable
from coopt_dag.report.waterfall import Bar, bars, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopt_dag.report.sentences import Namer

_LINE, _TOP, _BARS, _SPARE = 30, 64, 480, 130
_FILL = {
    "": "#1b7f79",
    "partly overtaken": "#6fb3ae",
    "overtaken": "#b9bec4",
    "worse": "#c0562f",
    "no change": "#b9bec4",
}
_WORDS = {
    "": "raised the whole",
    "partly overtaken": "partly overtaken",
    "overtaken": "overtaken: earns nothing",
    "worse": "made it worse: earns nothing",
}
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#22272b}"
    ".title{font-size:16px;font-weight:600}.small{font-size:12px;fill:#59636b}"
    ".value{text-anchor:end;font-variant-numeric:tabular-nums}"
)


def waterfall_svg(table: Mapping[str, Any], name_of: Namer) -> str:
    """Draw the waterfall; to the right is better, colours say what earned nothing."""
    found, measure = bars(table, name_of), measure_of(table)
    label = 24 + 8 * max(len(bar.label) for bar in found)
    value = 16 + 8 * max(len(bar.value) for bar in found)
    left, width = label + value + 16, label + value + 16 + _BARS + _SPARE
    height = _TOP + _LINE * len(found) + 56
    unit = f" in {measure.unit}" if measure.unit else ""
    title = f"{table['challenge']}, epoch {table['epoch']}: {measure.name}{unit}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{_safe(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text class="title" x="16" y="30">{_safe(title)}</text>',
        '<text class="small" x="16" y="50">What each version added: right is better.</text>',
    ]
    span = reach(found)
    for place, bar in enumerate(found):
        top = _TOP + _LINE * place
        lines += _drawn(bar, span, top=top, left=left)
        lines.append(f'<text x="16" y="{top + 20}">{_safe(bar.label)}</text>')
        lines.append(
            f'<text class="value" x="{left - 16}" y="{top + 20}">{_safe(bar.value)}</text>'
        )
    lines += _legend(height - 24)
    return "\n".join([*lines, "</svg>", ""])


def _drawn(bar: Bar, span: tuple[int, int], *, top: int, left: int) -> list[str]:
    """Draw a bar, and a thin line from where it ends to the next one."""
    start, end = (left + _tenths(place, span) for place in (bar.start, bar.end))
    low, high = min(start, end), max(start, end)
    wide = max(2.0, high - low)
    fill = "#22272b" if bar.is_end else _FILL[bar.mark]
    found = [f'<rect x="{low:.1f}" y="{top + 5}" width="{wide:.1f}" height="20" fill="{fill}"/>']
    if bar.label != "final" or not bar.is_end:
        down = f'x1="{end:.1f}" y1="{top + 5}" x2="{end:.1f}" y2="{top + _LINE + 5}"'
        found.append(f'<line {down} stroke="#9aa3aa" stroke-dasharray="2 2"/>')
    if bar.mark:
        found.append(
            f'<text class="small" x="{high + 8:.1f}" y="{top + 20}">{_safe(bar.mark)}</text>'
        )
    return found


def _legend(y: int) -> list[str]:
    found, x = [], 16
    for mark, words in _WORDS.items():
        found.append(f'<rect x="{x}" y="{y - 11}" width="12" height="12" fill="{_FILL[mark]}"/>')
        found.append(f'<text class="small" x="{x + 18}" y="{y}">{words}</text>')
        x += 46 + 7 * len(words)
    return found


def _tenths(place: int, span: tuple[int, int]) -> float:
    """Give a place in pixels with one digit, from whole numbers: the same on every machine."""
    low, high = span
    return (10 * _BARS * (place - low) // (high - low)) / 10


def _safe(text: str) -> str:
    return escape(printable(text))

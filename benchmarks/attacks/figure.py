"""The figure of docs/attacks.md, as SVG text that is the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from benchmarks.attacks.judging import JUDGINGS
from benchmarks.attacks.laboratory import BY_EVALUATORS, ON_BOARDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.attacks.laboratory import Results

COLOURS = {"naive board": "#c2571a", "Ladder": "#3b6fb5", "ours": "#1f7a4d"}
"""Told apart with red-green blindness too; and the order is always the same."""

WIDTH, ROW, BAR, TOP = 820, 46, 12, 92
LEFT, UNIT = 320, 1700.0
"""Where 0 is, and pixels for a gain of 1."""

LOW, HIGH = -0.06, 0.26
"""Bars end here, whatever the figure beside them says."""


def svg(results: Results) -> str:
    """Draw what each attack is paid under the three rules; bars are means of all games."""
    names = [*ON_BOARDS, *BY_EVALUATORS]
    bottom = TOP + ROW * len(names)
    parts = [*_heading(), *_scale(bottom)]
    for i, name in enumerate(names):
        values = [results.attacks[name, rule].mean_paid for rule in JUDGINGS]
        exact = [not any(results.attacks[name, rule].paid) for rule in JUDGINGS]
        parts += _group(name, TOP + ROW * i, values, exact)
    height = bottom + 40
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13" role="img">'
    )
    title = "<title>What each attack is paid under three rules</title>"
    paper = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([opening, title, paper, *parts, "</svg>", ""])


def _heading() -> list[str]:
    parts = [_text(16, 28, "What an attack is paid, in units of the score", size=16, weight=600)]
    x = 16
    for rule, colour in COLOURS.items():
        parts.append(f'<rect x="{x}" y="44" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(x + 18, 55, rule))
        x += 34 + 8 * len(rule)
    return parts


def _scale(bottom: int) -> list[str]:
    parts = []
    for tick in range(-1, 6):
        value = tick * 0.05
        x = _x(value)
        colour = "#555555" if tick == 0 else "#e2e2e2"
        parts.append(f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{bottom}" stroke="{colour}"/>')
        label = "0" if tick == 0 else f"{value:.2f}".replace("0.", ".", 1)
        parts.append(_text(x, bottom + 18, label, colour="#555555", anchor="middle"))
    return parts


def _group(name: str, y: int, values: Sequence[float], exact: Sequence[bool]) -> list[str]:
    parts = [_text(16, y + 23, name)]
    for i, (colour, value) in enumerate(zip(COLOURS.values(), values, strict=True)):
        top = y + i * (BAR + 1)
        start, end = sorted((_x(0), _x(min(max(value, LOW), HIGH))))
        if not exact[i]:
            width = max(round(end - start, 1), 1.0)
            parts.append(
                f'<rect x="{start}" y="{top}" width="{width}" height="{BAR}" fill="{colour}"/>'
            )
        label = "0" if exact[i] else f"{value:.4f}".replace("0.", ".", 1)
        at = _x(max(value, 0)) + 5
        parts.append(_text(at, top + 10, label, size=11, colour=colour))
    return parts


def _x(value: float) -> float:
    return round(LEFT + UNIT * value, 1)


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 13,
    weight: int = 400,
    colour: str = "#222222",
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{round(x, 1)}" y="{y}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'
    )

"""The smallest gain that a hidden set can tell: as a table, as bars, as a drawing."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

from coopt_dag.report.board import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Line = tuple[str, str, int, int, str, dict[int, float]]
"""Metric's place, name and unit, examples, size, how much works differ, and gain by tests."""

_BAR = 40
_WIDTH, _HEIGHT, _EDGE = 640, 360, 56
_COLOURS = ("#4477aa", "#228833", "#ee6677", "#ccbb44")


def power_table(lines: Sequence[Line]) -> str:
    """Lay out the smallest gains, one column a number of tests.

    >>> print(power_table([("add", "rmse [stars]", 4256, 942, "5 %", {1: 0.012, 20: 0.018})]))
    score  metric        examples  clusters  differ    T=1   T=20
    add    rmse [stars]      4256       942  5 %     0.012  0.018
    """
    tests = list(lines[0][5])
    headers = ("score", "metric", "examples", "clusters", "differ", *(f"T={t}" for t in tests))
    rows = [(*line[:5], *(float(f"{line[5][t]:.3g}") for t in tests)) for line in lines]
    return table(rows, headers)


def bars(gains: dict[int, float]) -> str:
    """Draw one bar a number of tests.

    >>> print(bars({1: 0.5, 10: 1.0}))
    T=1   ####################                      0.5
    T=10  ########################################  1
    """
    most, wide = max(gains.values()), max(len(str(t)) for t in gains)
    return "\n".join(
        f"T={tests!s:<{wide}}  {'#' * round(_BAR * gain / most):<{_BAR}}  {gain:.3g}"
        for tests, gain in gains.items()
    )


def curves_svg(curves: Mapping[int, Sequence[tuple[int, float]]], *, size: int, unit: str) -> str:
    """Draw smallest gain against size of the hidden set, both logarithmic; one line for each T.

    Parameters
    ----------
    curves : mapping of int to sequence of (size, gain)
        By number of tests; gains above 0.
    size : int
        What the challenge has: a dashed line.
    unit : str
        Of the gain.
    """
    sizes = [n for points in curves.values() for n, _ in points]
    gains = [g for points in curves.values() for _, g in points]

    def x(n: float) -> float:
        return _scaled(n, min(sizes), max(sizes), _EDGE, _WIDTH - _EDGE)

    def y(gain: float) -> float:
        return _scaled(gain, min(gains), max(gains), _HEIGHT - _EDGE, _EDGE)

    parts = [
        _head(),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<path d="M{x(size):.1f} {_EDGE}V{_HEIGHT - _EDGE}" stroke="#888" stroke-dasharray="4"/>',
        _text(x(size), _EDGE - 8, f"here: {size}", anchor="middle"),
    ]
    below = float(_HEIGHT)
    for colour, (tests, points) in zip(_COLOURS, curves.items(), strict=False):
        line = " ".join(f"{x(n):.1f},{y(g):.1f}" for n, g in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        last = points[-1]
        below = min(y(last[1]) + 4, below - 13)  # lines that lie close keep readable names
        parts.append(_text(x(last[0]) + 4, below, f"T={tests}"))
    parts += [_text(x(n), _HEIGHT - _EDGE + 18, str(n), anchor="middle") for n in _ends(sizes)]
    parts += [_text(_EDGE - 6, y(g) + 4, f"{g:.2g}", anchor="end") for g in _ends(gains)]
    parts.append(_text(_WIDTH / 2, _HEIGHT - 10, "independent examples", anchor="middle"))
    parts.append(_text(8, 18, f"smallest gain found [{unit}]"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _head() -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
    )


def _scaled(value: float, low: float, high: float, start: float, end: float) -> float:
    if low == high:
        return (start + end) / 2
    return start + (end - start) * (log10(value) - log10(low)) / (log10(high) - log10(low))


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe}</text>'

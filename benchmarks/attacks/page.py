"""The tables of docs/attacks.md, written between markers; all other text is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.attacks.judging import JUDGINGS
from benchmarks.attacks.laboratory import BY_EVALUATORS, ON_BOARDS, Results, Series
from benchmarks.attacks.limits import LIMITS
from benchmarks.attacks.rules import RULES
from benchmarks.attacks.world import SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = ("attack", *list(RULES)[:2], "ours, shown", "ours, paid", "settlement alone")
"""Columns of the first table."""


def tables(results: Results) -> dict[str, str]:
    """Give each marker's table."""
    return {
        "attacks": _attacks(results),
        "liars": _liars(results),
        "limits": _limits(results),
        "checks": _checks(results),
    }


def rewritten(text: str, blocks: dict[str, str]) -> str:
    """Put each block between its markers.

    Raises
    ------
    ValueError
        The text lacks a marker.
    """
    for name, block in blocks.items():
        begin, end = f"<!-- {name}: written by make attacks -->", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"the page needs one marker {begin} and one {end}")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{block}{end}{rest.split(end)[1]}"
    return text


def written(text: str, name: str) -> str:
    """Give what is between the markers of a name."""
    rest = text.split(f"<!-- {name}: written by make attacks -->\n")[1]
    return rest.split(f"<!-- end of {name} -->")[0]


def amount(values: Sequence[int]) -> str:
    """Say the mean of amounts in 1e-9: `0` only if every single one is 0.

    >>> amount([0, 0]), amount([1, 0]), amount([10**8, -10**7]), amount([-(10**8)])
    ('0', '1e-9 at most', '.0450', '-.1000')
    """
    if not any(values):
        return "0"
    if max(map(abs, values)) <= 1:
        return "1e-9 at most"
    return f"{sum(values) / len(values) / 1e9:.4f}".replace("0.", ".", 1)


def _attacks(results: Results) -> str:
    def of(name: str, rule: str) -> Series | None:
        return results.attacks.get((name, rule))

    rows = []
    for name in (*ON_BOARDS, *BY_EVALUATORS):
        ours, alone = of(name, "ours"), of(name, "settlement alone")
        shown = amount(ours.claimed) if ours and name in ON_BOARDS else "-"
        cells = [amount(one.paid) if (one := of(name, rule)) else "-" for rule in list(RULES)[:3]]
        rows.append((name, *cells[:2], shown, cells[2], amount(alone.paid) if alone else "-"))
    seeds = len(next(iter(results.attacks.values())).paid)
    return _table(HEAD, rows) + (
        f"\nMean of {seeds} games of {results.submissions} submissions; {SIZE} quiz and {SIZE}"
        " sealed examples. `0`: exactly 0 in every game.\n"
    )


def _liars(results: Results) -> str:
    rows = []
    for count in dict.fromkeys(count for count, _ in results.liars):
        cells = [amount(results.liars[count, rule].paid) for rule in JUDGINGS]
        rows.append((f"{count} of 5", *cells))
    agreeing = [f"{100 * results.agreeing[rule]:.1f} %" for rule in JUDGINGS]
    rows.append(("a copier's scores that agree", *agreeing))
    return _table(("liars", *JUDGINGS), rows)


def _limits(results: Results) -> str:
    rows = []
    for name, series in results.limits.items():
        rows.append((name, LIMITS[name][0], amount(series.claimed), amount(series.paid)))
    return _table(("what happens", "what is counted", "shown", "paid"), rows)


def _checks(results: Results) -> str:
    every, least, most = (f"{part:.3f}".lstrip("0") for part in results.coverage)
    unit = f"{results.split_moves} unit" + "s" * (results.split_moves != 1)
    rows = [
        (
            f"95 % intervals that contain the true gain, {results.challenges} challenges",
            f"{every} (of the five versions: {least} to {most})",
        ),
        ("payment that splitting changes most, of 10^9 units", unit),
    ]
    return _table(("check", "found"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)

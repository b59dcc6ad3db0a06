"""`coopt doctor --sandbox`: every attack on the cage, and whether it was held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.cli.printing import note, put, say
from coopt_dag.errors import IsolationError

if TYPE_CHECKING:
    from coopt_dag.execution.selftest import Report

_WIDTH = 240
_HINT = "contributed code is refused here; docs/sandbox.md says what a machine needs"


def sandbox(*, as_json: bool) -> int:
    """Attack this machine's cage and print the table; give 0 if all is held, else 18."""
    from coopt_dag.execution.bwrap_binary import find_bwrap, version_of
    from coopt_dag.execution.cage_check import tested_cage

    report = tested_cage()
    bwrap = find_bwrap()
    version = ".".join(map(str, version_of(bwrap)))
    document = as_document(report) | {"bubblewrap": {"path": str(bwrap), "version": version}}
    if as_json:
        put(document)
    else:
        say("\n".join(table(report)))
        say(f"bubblewrap: {version}, {bwrap}")
    if report.broken:
        note(f"hint: {_HINT}")
        return IsolationError.exit_code
    return 0


def as_document(report: Report) -> dict[str, Any]:
    """Give a report as plain data."""
    return {
        "held": not report.broken,
        "attacks": [
            {"attack": r.attack, "launcher": r.launcher, "held": r.held, "detail": r.detail}
            for r in report.rows
        ],
        "walls": report.walls,
    }


def table(report: Report) -> list[str]:
    """Give the lines of the table: attack → held or BROKEN by each launcher, and the sum."""
    launchers = list(dict.fromkeys(row.launcher for row in report.rows))
    cells = {(row.attack, row.launcher): row for row in report.rows}
    names = list(dict.fromkeys(row.attack for row in report.rows))
    width = max(map(len, names)) + 4
    lines = ["".join(["    ", "attack".ljust(width), *(n.ljust(8) for n in launchers)]).rstrip()]
    for number, name in enumerate(names, start=1):
        rows = [cells.get((name, launcher)) for launcher in launchers]
        words = ["-" if r is None else "held" if r.held else "BROKEN" for r in rows]
        lines.append(f"{number:>2}  {name:<{width}}{''.join(f'{w:<8}' for w in words)}".rstrip())
        lines += [
            f"      {r.launcher}: {r.detail[:_WIDTH]}" for r in rows if r is not None and not r.held
        ]
    for launcher in launchers:
        own = [row for row in report.rows if row.launcher == launcher]
        held = sum(row.held for row in own)
        walls = ", ".join(report.walls.get(launcher, [])) or "unknown"
        lines.append(f"{launcher}: {held} of {len(own)} held; walls: {walls}")
    return lines

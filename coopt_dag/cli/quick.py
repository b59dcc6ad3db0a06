"""The run that has nothing to do: decided by content, before anything slow is imported.

Typer, pydantic and the YAML reader take longer to import than the whole decision takes. This
reads the plainest forms of `coopt run`; whatever it does not know goes the long way, which
gives the same answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_FLAGS = {"--all-combinations", "--no-score", "--json", "--stub"}
_VALUES = {"--with", "--split", "--cores"}


def done_already(argv: list[str]) -> bool:
    """Answer `coopt run …` if every node and the results are there; else do nothing."""
    words = _read(argv)
    if words is None:
        return False
    from coopt_dag.execution.cached import cached_plan
    from coopt_dag.execution.outcome import finished
    from coopt_dag.execution.request import EXAMPLE, Request

    request = Request(
        words["challenge"],
        dict(pair.split("=", 1) for pair in words["--with"]),
        "--all-combinations" in words["flags"],
        (EXAMPLE,) if "--stub" in words["flags"] else tuple(words["--split"]),
        "--no-score" not in words["flags"],
    )
    found = cached_plan(Path.cwd(), request)
    outcome = finished(found[1], found[0]) if found else None
    if found is None or outcome is None:
        return False
    from coopt_dag.cli.outcome import show_outcome

    show_outcome(
        found[1],
        outcome,
        dry_run=False,
        scored=request.scored,
        as_json="--json" in words["flags"],
    )
    return True


def _read(argv: list[str]) -> dict[str, Any] | None:
    """Read the words of a plain `coopt run`; None if there is anything unusual."""
    words: dict[str, Any] = {"flags": set(), "--with": [], "--split": [], "--cores": []}
    names, rest = [], iter(argv[1:])
    for word in rest:
        if word in _FLAGS:
            words["flags"].add(word)
        elif word in _VALUES:
            words[word].append(next(rest, ""))
        elif word.startswith("-"):
            return None
        else:
            names.append(word)
    plain = len(names) == 1 and all(w.isdigit() and int(w) > 0 for w in words["--cores"])
    if not plain or not all("=" in w.strip("=") for w in words["--with"]):
        return None
    if "--stub" in words["flags"] and words["--split"]:
        return None
    return words | {"challenge": names[0]}

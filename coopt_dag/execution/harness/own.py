"""Calls one function of a challenge's own code: what measures its simulator or draws its data.

It runs caged like a step, for a challenge may come from a stranger.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeFailedError
from coopt_dag.execution.harness import work

if TYPE_CHECKING:
    from collections.abc import Mapping


def run_own(order: Mapping[str, Any], root: Path, out: Path) -> None:
    """Call the order's function; it writes below `out`, or its numbers are written there.

    Raises
    ------
    NodeFailedError
        There is no such function, or it returned something else than was asked for.
    """
    _give_scratch(order, out)
    function = work.load_function(root / order["code"], order["function"])
    rng = work.generator(order["seed"])
    if order["gives"] == "files":
        inputs, truths = (work.read(order, root, truth=truth) for truth in (False, True))
        function(inputs, truths, out, rng=rng)
        return
    (file,) = order["outputs"]
    text = json.dumps(numbers(order["function"], function(rng=rng)), sort_keys=True, indent=1)
    (out / file).write_text(text + "\n", encoding="utf-8")


def _give_scratch(order: Mapping[str, Any], out: Path) -> None:
    """Say where libraries may keep their own files; matplotlib wants a place for its fonts."""
    scratch = Path(os.environ["HOME"])
    if order["cage"] != "strong":
        scratch = out.parent / "scratch"
        scratch.mkdir()
    told = {"HOME": str(scratch), "MPLCONFIGDIR": str(scratch), "MPLBACKEND": "Agg"}
    os.environ.update(told)


def numbers(function: str, found: Any) -> dict[str, float]:
    """Give what a function returned as names and finite numbers, or refuse.

    >>> numbers("measure", {"radius": 1})
    {'radius': 1.0}
    """
    if not isinstance(found, dict):
        raise NodeFailedError(f"{function} must return a dict, got {type(found).__name__}")
    try:
        values = {str(name): float(value) for name, value in found.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise NodeFailedError(f"{function} must return names and numbers: {error}") from error
    for name, value in values.items():
        if not math.isfinite(value):
            raise NodeFailedError(f"{function} returned {name} = {value}, which is no number")
    return values

"""What a solution's program is told: names of its inputs, variables, parameters, its own files.

The same whether it runs caged or, by trust, not; and what an evaluator makes executable.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUFFIXES = {"table": ".parquet", "array": ".npy", "json": ".json"}


def input_file(item: Mapping[str, Any]) -> str:
    """Give the name under which a program finds an input.

    >>> input_file({"name": "hits", "type": {"kind": "table"}})
    'hits.parquet'
    """
    suffix = _SUFFIXES.get(item["type"]["kind"], item["type"].get("suffix", ""))
    return f"{item['name']}{suffix}"


def variables(
    order: Mapping[str, Any], *, inputs: str, out: str, params: str, library: str | None
) -> dict[str, str]:
    """Give the variables that tell a program where everything is.

    `library` is where the challenge's own modules are, if it has any: Python finds them there.
    """
    told = {
        "COOPT_IN": inputs,
        "COOPT_OUT": out,
        "COOPT_PARAMS": params,
        "COOPT_SEED": str(order["seed"]),
    }
    return told if library is None else told | {"COOPT_LIBRARY": library, "PYTHONPATH": library}


def write_params(order: Mapping[str, Any], path: Path) -> None:
    """Write an order's parameters where a program reads them."""
    path.write_text(json.dumps(order["params"], sort_keys=True), encoding="utf-8")


def own_file(folder: Path, word: str) -> Path | None:
    """Give the file in a solution's folder that a word of its command names; None if it is none.

    A word may be a script, too long for a name; or name a file elsewhere, which is not its own.
    """
    file = folder / word
    found = os.path.isfile(file)  # noqa: PTH113  # Path.is_file() raises for what is too long
    return file if found and file.resolve().is_relative_to(folder.resolve()) else None

"""Runs one attack, as a step's function or as a program; its log says what was gained."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

BEGUN, GAINED, ENDED = "attack begun", "GAINED: ", "attack ended"


def attack(aim: dict[str, Any], out: str) -> None:
    """Run the attack that the aim names and print what it gained."""
    module, _, function = str(aim["attack"]).partition(":")
    print(BEGUN, flush=True)  # noqa: T201  # the log is the report
    for gain in getattr(_module(module), function)(aim | {"out": out}):
        print(GAINED + gain, flush=True)  # noqa: T201
    print(ENDED, flush=True)  # noqa: T201


def solve(inputs: dict[str, Any], *, params: dict[str, Any], rng: Any) -> dict[str, Any]:  # noqa: ARG001
    """Run as a step's function; outputs that the attack left itself are kept."""
    attack(params, "/out")
    if params["own_output"]:
        os._exit(0)
    return {"report": {"ok": 1}}


def main() -> None:
    """Run as a program."""
    params = json.loads(Path(os.environ["COOPT_PARAMS"]).read_text(encoding="utf-8"))
    attack(params, os.environ["COOPT_OUT"])
    if not params["own_output"]:
        Path(os.environ["COOPT_OUT"], "report.json").write_text('{"ok": 1}', encoding="utf-8")


def _module(name: str) -> Any:
    """Import a module beside this one, wherever that is in here."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018  # our own file
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()

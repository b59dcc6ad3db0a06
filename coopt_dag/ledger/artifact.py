"""The committed contracts: ABI, bytecode, and the runtime that an address must hold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("artifacts")

# Our name of a contract → the compiler's.
CONTRACTS = {
    "ledger": "CooptLedger",
    "guard": "CooptGuard",
    "treasury": "CooptTreasury",
    "notes": "CooptNotes",
}


@cache
def contract(name: str = "ledger") -> dict[str, Any]:
    """Give a compiled contract; `make contracts` makes the file and compares its bytes."""
    path = _FOLDER / f"{CONTRACTS[name]}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@cache
def interface() -> dict[str, Any]:
    """Give the events of all contracts by first topic, made from the ABIs by `tools.interface`."""
    return dict(json.loads((_FOLDER / "interface.json").read_text(encoding="utf-8")))

"""The committed contract: ABI, bytecode, and the runtime that an address must hold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def contract() -> dict[str, Any]:
    """Give the compiled contract; `make contracts` makes the file and compares its bytes."""
    path = Path(__file__).with_name("artifacts") / "CooptLedger.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))

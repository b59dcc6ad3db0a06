"""Writes what the ledger's reader must know of the contracts' events: their topics and shapes.

The reader would need a second to hash the signatures itself; so the hashes are made here, once,
from the committed ABIs. `python -m tools.interface --check` tells whether they are fresh.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from eth_utils.abi import abi_to_signature
from eth_utils.crypto import keccak

from coopt_dag.ledger.artifact import CONTRACTS, contract

TARGET = Path(__file__).parents[1] / "coopt_dag/ledger/artifacts/interface.json"


def _shape(entry: dict[str, Any]) -> dict[str, Any]:
    shape = {"name": entry["name"], "type": entry["type"]}
    if entry.get("indexed"):
        shape["indexed"] = True
    if "components" in entry:
        shape["components"] = [_shape(c) for c in entry["components"]]
    return shape


def interface() -> str:
    """Give the file's text."""
    events: dict[str, Any] = {}
    for name in CONTRACTS:
        for entry in contract(name)["abi"]:
            if entry["type"] == "event":
                topic = keccak(text=abi_to_signature(entry)).hex()
                inputs = [_shape(i) for i in entry["inputs"]]
                events[topic] = {"name": entry["name"], "inputs": inputs}
    return json.dumps({"events": events}, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write the file, or compare it."""
    text = interface()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{TARGET.name} is stale; run: python -m tools.interface\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

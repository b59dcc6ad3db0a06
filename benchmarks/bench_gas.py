"""What does one contribution cost on a chain, beside a bare attestation of the EAS?

All figures are `gasUsed` of receipts on anvil, in the steady state: whoever acts has acted
before. An attestation of the EAS stores 96 bytes that one key vouches for, and enforces nothing.

python -m benchmarks.bench_gas
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.__main__ import show
from benchmarks.anvil import BINARY, anvil
from benchmarks.eas_gas import PACKAGE, eas_gas
from benchmarks.our_gas import contribution_gas, notes_gas, settlement_gas

if TYPE_CHECKING:
    from collections.abc import Mapping


def measure() -> dict[str, Any]:
    """Give gas by tool and action; says so where npm did not bring the tools."""
    missing = [str(path) for path in (BINARY, PACKAGE) if not path.exists()]
    if missing:
        return {"left_out": f"npm has not brought {', '.join(missing)}"}
    with anvil() as provider:
        theirs = eas_gas(provider)
    with anvil() as provider:
        ours = contribution_gas(provider)
    with anvil() as provider:
        settled = settlement_gas(provider)
    with anvil() as provider:
        noted = notes_gas(provider)
    return {
        "eas_gas": theirs,
        "contribution_gas": ours,
        "settlement_gas": settled,
        "batch_gas": noted,
        "shares": _shares(theirs, ours),
    }


def _shares(theirs: Mapping[str, int], ours: Mapping[str, int]) -> dict[str, float]:
    attest = theirs["attest, signed and relayed"]
    quorum = ours["commit 3 scores"] + ours["reveal 3 scores, record"]
    return {
        "gas of one of our 3 attestations": quorum / 3,
        "one of ours / one of the EAS, both relayed": quorum / 3 / attest,
        "whole contribution / one of the EAS": ours["whole contribution"] / attest,
    }


def main() -> None:
    """Print the table."""
    show(measure())


if __name__ == "__main__":
    main()

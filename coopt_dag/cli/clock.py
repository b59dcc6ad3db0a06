"""The present, as a command takes it: the machine's clock, or the ledger's if that is ahead."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coopt_dag.ledger.protocol import Ledger


def now(ledger: Ledger) -> int:
    """Give seconds since 1970: a chain's latest block may be hours old, its next one is not."""
    return max(int(time.time()), ledger.head().time)

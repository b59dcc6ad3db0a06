"""What every event tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Where an event stands, and who caused it (`actor`, lower-case hex address)."""

    seq: int
    """Position among all events, from 0."""
    block: int
    time: int
    """Seconds since 1970, the block's clock."""
    tx_hash: str
    actor: str

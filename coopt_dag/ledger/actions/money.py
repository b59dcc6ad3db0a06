"""Bounties, settlements and what is paid: the treasury's functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coopt_dag.ledger.actions.judging import Vote

COIN = "0x" + "0" * 40
"""The asset that is the chain's own coin, in wei; also nobody, as a payee."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a settlement takes from a bounty."""

    bounty_id: int
    total: int


@dataclass(frozen=True, slots=True)
class Fund:
    """Put up coin or tokens for a challenge, for a step of it (`step` not empty), or for a payee.

    From the second `deadline` on the sponsor may have back what no settlement has set aside.
    """

    challenge: str
    step: str
    epoch: int
    asset: str
    amount: int
    payee: str
    deadline: int
    terms_cid: str


@dataclass(frozen=True, slots=True)
class Refund:
    """Send a sponsor what is free of its bounty; anybody may ask."""

    bounty_id: int


@dataclass(frozen=True, slots=True)
class ReleaseGrant:
    """Pay a mini-grant to its payee; only the sponsor may."""

    bounty_id: int


@dataclass(frozen=True, slots=True)
class ProposeSettlement:
    """Propose who is paid what for an epoch that is over; owner and evaluators may.

    `root` is the Merkle root (64 hex digits) of `hashing.leaf_of` payments.
    """

    challenge: str
    epoch: int
    root: str
    table_cid: str
    credit: int
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class DisputeSettlement:
    """Dispute a settlement before it is final; `value_wei` is the challenge's bond."""

    challenge: str
    epoch: int
    evidence_cid: str
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class DecideSettlement:
    """Decide by a majority of evaluators; signed over `typed.settlement_verdict`."""

    challenge: str
    epoch: int
    upheld: bool
    report_cid: str
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class LapseSettlement:
    """End a vote that came to nothing: the root is struck."""

    challenge: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Redeem:
    """Pay one leaf to its account; anybody may ask. `bounty_id` 0 pays credit."""

    challenge: str
    epoch: int
    index: int
    bounty_id: int
    account: str
    amount: int
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Fetch the coin that a contract owes to the sender; `contract` is ledger or treasury."""

    contract: str = "ledger"

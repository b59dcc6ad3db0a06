"""Bounties, settlements and payments."""

from __future__ import annotations

from dataclasses import dataclass

from coopt_dag.ledger.actions.money import Share
from coopt_dag.ledger.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Funded(Event):
    """A bounty was put up; `amount` is what arrived."""

    challenge: str
    step: str
    """Empty for the whole challenge."""
    bounty_id: int
    epoch: int
    asset: str
    amount: int
    payee: str
    deadline: int
    terms_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(Event):
    """A sponsor got back what was free of its bounty."""

    challenge: str
    bounty_id: int
    sponsor: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantReleased(Event):
    """A mini-grant was paid."""

    challenge: str
    bounty_id: int
    payee: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementProposed(Event):
    """Somebody proposed who is paid what for an epoch."""

    challenge: str
    epoch: int
    root: str
    table_cid: str
    credit: int
    shares: tuple[Share, ...]
    round: int
    final_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementDisputed(Event):
    """Somebody doubts a settlement."""

    challenge: str
    epoch: int
    bond_wei: int
    vote_by: int
    evidence_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementDecided(Event):
    """A settlement was struck (upheld) or is final."""

    challenge: str
    epoch: int
    upheld: bool
    bond_to: str
    bond_wei: int
    report_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed(Event):
    """A leaf was paid; `bounty_id` 0 is credit."""

    challenge: str
    epoch: int
    index: int
    bounty_id: int
    account: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Event):
    """Coin that was owed was fetched."""

    amount_wei: int

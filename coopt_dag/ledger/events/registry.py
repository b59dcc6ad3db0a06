"""Challenges, steps, evaluators, hidden data and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from coopt_dag.ledger.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeRegistered(Event):
    """A challenge was opened."""

    challenge: str
    manifest_cid: str
    evaluators: tuple[str, ...]
    slots: int
    closes_at: int
    quorum: int
    reveal_s: int
    dispute_s: int
    bond_wei: int
    pot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorAdded(Event):
    """Another evaluator may judge from the second `since` on."""

    challenge: str
    evaluator: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorRetired(Event):
    """An evaluator may judge no more from the second `until` on."""

    challenge: str
    evaluator: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRegistered(Event):
    """A step was added."""

    challenge: str
    step: str
    spec_cid: str
    direction: str
    min_delta_wad: int
    tolerance_wad: int
    claim_cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed(Event):
    """The owner committed to hidden data."""

    challenge: str
    epoch: int
    root: str
    """Merkle root, 64 hex digits."""
    sealed_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed(Event):
    """The owner revealed the keys of an epoch."""

    challenge: str
    epoch: int
    keys_cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricProposed(Event):
    """The next version of a step's metric was announced in `epoch`."""

    challenge: str
    step: str
    spec_cid: str
    direction: str
    min_delta_wad: int
    tolerance_wad: int
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricActivated(Event):
    """The announced version is in force; the head is stale until it is scored anew."""

    challenge: str
    step: str
    metric_version: int

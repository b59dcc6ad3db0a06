"""Requests that were signed elsewhere, and the brake."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A call that its author signed (`typed.request`) and anybody may bring."""

    sender: str
    nonce: int
    """Any number below 2**256 that the author has not used on this contract."""
    deadline: int
    """Last second in which it may be taken."""
    data: str
    """The call's data, hex."""
    signature: str
    """65 bytes, hex; what an ERC-1271 wallet wants, if the author is one."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Bring requests to one contract: ledger, treasury or notes.

    One alone fails as its call would fail; of several, those that fail leave a `Skipped`.
    """

    contract: str
    requests: tuple[SignedRequest, ...]
    value_wei: int = 0
    """Handed on to a single request, e.g. a bond."""


@dataclass(frozen=True, slots=True)
class CancelNonce:
    """Make a request that one has signed worthless."""

    nonce: int
    contract: str = "ledger"


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop new things for at most a week; only a guardian may."""


@dataclass(frozen=True, slots=True)
class Unpause:
    """End a pause early; only a guardian may."""

"""What a ledger is: it takes actions, tells events, and knows where its end is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from coopt_dag.ledger.actions import Action
    from coopt_dag.ledger.events import Event
    from coopt_dag.ledger.typed import Domain


class Signer(Protocol):
    """Who acts: an address, and for chains a hand that signs transactions."""

    @property
    def address(self) -> str:
        """Lower-case hex address."""

    def sign(self, transaction: dict[str, Any]) -> bytes:
        """Give a signed raw transaction."""

    def sign_typed(self, typed: dict[str, Any]) -> str:
        """Give the signature of EIP-712 data (`typed.message`), hex without 0x."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an action was taken, with the events it left."""

    tx_hash: str
    block: int
    events: tuple[Event, ...]
    gas_used: int


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger ends."""

    height: int
    block_hash: str
    time: int


class Ledger(Protocol):
    """Append-only record of actions under fixed rules."""

    def send(self, action: Action, *, signer: Signer) -> Receipt:
        """Take an action, durably.

        Raises
        ------
        LedgerRefusedError
            The rules refuse it; `code` names the rule; nothing was recorded.
        LedgerUnavailableError
            The ledger cannot be reached.
        """

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events whose `seq` is above `after`, in order."""

    def head(self) -> Head:
        """Give the present end."""

    def domain(self, contract: str = "ledger") -> Domain:
        """Tell where signatures for a contract count: ledger, treasury or notes."""

    def close(self) -> None:
        """Let go of files and connections."""


class Forwarding:
    """A ledger in front of another: it passes on all that a subclass does not change."""

    __slots__ = ()
    ledger: Ledger

    def events(self, *, after: int = -1) -> list[Event]:
        """Give all events above `after`."""
        return self.ledger.events(after=after)

    def head(self) -> Head:
        """Give the present end."""
        return self.ledger.head()

    def domain(self, contract: str = "ledger") -> Domain:
        """Tell where signatures for a contract count."""
        return self.ledger.domain(contract)

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

"""Coin: what an account holds, what the contracts owe it, and how it is fetched."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from coopt_dag.errors import UsageError
from coopt_dag.ledger.actions import Withdraw
from coopt_dag.model.wei import from_wei

if TYPE_CHECKING:
    from coopt_dag.evaluation.desk import Desk
    from coopt_dag.ledger.protocol import Ledger

HOMES = ("ledger", "treasury")
"""The contracts that may owe somebody coin."""


@runtime_checkable
class Teller(Protocol):
    """A ledger that knows accounts."""

    def balance(self, address: str) -> int:
        """Give the coin that an account holds, in wei."""

    def read(self, contract_name: str, function: str, *arguments: Any) -> Any:
        """Ask a contract's view."""


@dataclass(frozen=True, slots=True)
class Purse:
    """An account's coin, in wei."""

    address: str
    holds: int
    owed_by_ledger: int
    owed_by_treasury: int

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Coin that one contract paid."""

    contract: str
    amount_wei: int
    tx_hash: str

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


def purse(ledger: Ledger, address: str) -> Purse:
    """Give what an account has and what it can fetch.

    Raises
    ------
    UsageError
        The ledger was opened so that it cannot say.
    """
    teller = _teller(ledger)
    return Purse(address, teller.balance(address), *(_owed(teller, h, address) for h in HOMES))


def withdraw(desk: Desk, ledger: Ledger) -> list[Withdrawal]:
    """Fetch all that the contracts owe the signer; nothing is sent where nothing is owed.

    Parameters
    ----------
    ledger
        The one that can say what is owed; the desk's own may only sign for a relay.
    """
    teller, who = _teller(ledger), desk.identity.address
    found = []
    for home in HOMES:
        amount = _owed(teller, home, who)
        if amount:
            found.append(Withdrawal(home, amount, desk.send(Withdraw(home)).tx_hash))
    return found


def require_coin(desk: Desk, wei: int) -> None:
    """Insist that the signer holds so much, where the ledger can say it.

    Raises
    ------
    UsageError
        It does not; the transaction would be refused without saying why.
    """
    ledger, who = desk.ledger, desk.identity.address
    if not isinstance(ledger, Teller) or ledger.balance(who) >= wei:
        return
    raise UsageError(
        f"this takes {from_wei(wei)}, and {who} holds {from_wei(ledger.balance(who))}",
        hint="send coin to this address; on the embedded ledger: coopt faucet AMOUNT --to WHO",
    )


def _teller(ledger: Ledger) -> Teller:
    if not isinstance(ledger, Teller):
        raise UsageError(
            f"{type(ledger).__name__} does not tell what accounts hold",
            hint="run this without signing for a relay",
        )
    return ledger


def _owed(teller: Teller, home: str, address: str) -> int:
    return int(teller.read(home, "owedTo", address))

"""Hands that sign elsewhere: web3's account interface, and nodes or devices behind JSON-RPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import IdentityError
from coopt_dag.ledger.node import NodeError

if TYPE_CHECKING:
    from coopt_dag.ledger.node import Node

_QUANTITIES = ("value", "chainId", "gas", "nonce", "maxFeePerGas", "maxPriorityFeePerGas")


class AccountSigner:
    r"""Whatever has web3's account interface: `address`, `sign_transaction`, `sign_typed_data`.

    Local keys, hardware wallets and remote key stores offer it.

    >>> from eth_account import Account
    >>> AccountSigner(Account.from_key(b"\1" * 32)).address
    '0x1a642f0e3c3af545e7acbd38b07251b3990914f1'
    """

    def __init__(self, account: Any) -> None:
        self._account = account
        self.address = str(account.address).lower()

    def sign(self, transaction: dict[str, Any]) -> bytes:
        """Give the signed raw transaction."""
        signed = self._account.sign_transaction(transaction)
        return bytes(signed if isinstance(signed, bytes) else signed.raw_transaction)

    def sign_typed(self, typed: dict[str, Any]) -> str:
        """Give the signature of EIP-712 data, hex without 0x."""
        signed = self._account.sign_typed_data(full_message=typed)
        return bytes(getattr(signed, "signature", signed)).hex()

    def __repr__(self) -> str:
        """Give the address only."""
        return f"AccountSigner({self.address})"


@dataclass(frozen=True, slots=True)
class NodeSigner:
    """An account that another program holds and signs for, asked over JSON-RPC.

    It must know `eth_signTransaction` and, for signed requests, `eth_signTypedData_v4`, as
    Clef, Web3Signer and nodes with unlocked accounts do.
    """

    node: Node
    address: str

    def sign(self, transaction: dict[str, Any]) -> bytes:
        """Ask for the signed raw transaction."""
        message = {"from": self.address, **transaction}
        for name in _QUANTITIES:
            if name in message:
                message[name] = hex(message[name])
        message["type"] = hex(message.get("type", 2))
        if isinstance(message.get("data"), bytes):
            message["data"] = "0x" + message["data"].hex()
        found = self._ask("eth_signTransaction", message)
        return bytes.fromhex((found["raw"] if isinstance(found, dict) else found)[2:])

    def sign_typed(self, typed: dict[str, Any]) -> str:
        """Ask for the signature of EIP-712 data, hex without 0x."""
        sayable = {**typed, "message": {k: _said(v) for k, v in typed["message"].items()}}
        return str(self._ask("eth_signTypedData_v4", self.address, sayable))[2:]

    def _ask(self, method: str, *params: Any) -> Any:
        try:
            return self.node.ask(method, *params)
        except NodeError as error:
            raise IdentityError(
                f"whoever holds the key of {self.address} does not sign: {error}",
                hint="is the account unlocked there?",
            ) from error


def _said(value: Any) -> Any:
    """Give a value as JSON can say it: many readers lose what is beyond 2**53."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value

"""A transaction on its way: what it costs, how it is sent, and what a refusal means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.hashing import keccak
from coopt_dag.ledger.node import NodeError
from coopt_dag.ledger.refusals import UNNAMED, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopt_dag.errors import CooptError
    from coopt_dag.ledger.node import Node
    from coopt_dag.ledger.protocol import Signer

_KNOWN = re.compile(r"already (known|imported|in)|known transaction|alreadyknown", re.IGNORECASE)
_USED = re.compile(r"nonce too low|nonce.*(already|lower|used)|oldnonce", re.IGNORECASE)
_CHEAP = re.compile(r"underpriced|fee too low|replacement|less than block base fee", re.IGNORECASE)
_REVERT = re.compile(r"revert", re.IGNORECASE)
_PRICES = ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas")


@dataclass(slots=True)
class Sent:
    """A transaction on its way: every form in which it was sent, under one nonce."""

    signer: Signer
    transaction: dict[str, Any]
    from_block: int
    raws: dict[str, bytes] = field(default_factory=dict)
    """Hash → signed bytes, the dearest last."""
    since: float = 0
    """When the latest form was sent."""
    receipt: dict[str, Any] | None = None

    @property
    def nonce(self) -> int:
        """Its place among the sender's transactions."""
        return int(self.transaction["nonce"])

    def sign(self, *, now: float) -> tuple[str, bytes]:
        """Sign the transaction as it is; give its hash and bytes.

        Both are kept before anything is sent: if the answer is lost, the transaction need not be.
        """
        raw = self.signer.sign(dict(self.transaction))
        tx_hash = "0x" + keccak(raw).hex()
        self.raws[tx_hash], self.since = raw, now
        return tx_hash, raw

    def raise_price(self, asked: dict[str, Any]) -> None:
        """Pay an eighth more, as nodes want of a replacement, and at least what is asked now."""
        for name in _PRICES:
            if name in self.transaction:
                old = self.transaction[name]
                # on a chain that asks for nothing, one wei is more
                self.transaction[name] = max(old + max(1, -(-old // 8)), asked.get(name, 0))


def fees(node: Node, block: dict[str, Any]) -> dict[str, Any]:
    """Give what the chain asks for: EIP-1559 fees, or a price where it knows none."""
    if "baseFeePerGas" not in block:
        return {"gasPrice": int(node.call("eth_gasPrice"), 16)}
    base = int(block["baseFeePerGas"], 16)
    tip = int(node.call("eth_maxPriorityFeePerGas"), 16) if base else 0
    return {"type": 2, "maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}


def message_of(call: dict[str, Any], sender: str) -> dict[str, Any]:
    r"""Give a call as JSON-RPC wants it.

    >>> message_of({"data": b"\x01", "value": 5}, "0xab")
    {'data': '0x01', 'value': '0x5', 'from': '0xab'}
    """
    names = ("to", "data", "value")
    found: dict[str, Any] = {name: call[name] for name in names if name in call}
    if isinstance(found.get("data"), bytes):
        found["data"] = "0x" + found["data"].hex()
    if "value" in found:
        found["value"] = hex(found["value"])
    return {**found, "from": sender}


def refusal(error: NodeError, name_of: Callable[[str], str]) -> CooptError:
    """Give our error for what a node says of a transaction."""
    if error.data.removeprefix("0x"):
        return refused(name_of(error.data))
    if _REVERT.search(str(error)):
        return refused(UNNAMED)
    hint = "has the identity enough funds for gas?"
    if is_late(error):
        hint = "the key is in use elsewhere; look at `coopt log`, then try again"
    return LedgerUnavailableError(f"the chain refused the transaction: {error}", hint=hint)


def is_late(error: NodeError) -> bool:
    """Tell whether a node refuses since it has the transaction, or another with its nonce."""
    said = str(error)
    return any(pattern.search(said) for pattern in (_KNOWN, _USED, _CHEAP))


def send(node: Node, tx_hash: str, raw: bytes) -> None:
    """Send signed bytes; that the node has them already is as good.

    Raises
    ------
    NodeError
        It refuses them, and does not have them.
    """
    try:
        node.ask("eth_sendRawTransaction", "0x" + raw.hex())
    except NodeError as error:
        # sent once more after an answer was lost, it may even be in a block already
        if _KNOWN.search(str(error)) or node.call("eth_getTransactionByHash", tx_hash):
            return
        raise

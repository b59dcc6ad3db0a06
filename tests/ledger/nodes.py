"""An Ethereum node as its clients see it: raw JSON-RPC, and small contracts to try it with."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Protocol

from eth_utils.address import to_checksum_address

from coopt_dag.ledger.keys import KeySigner
from coopt_dag.ledger.rpc import EmbeddedProvider

# Logs its first word of data under the topics in the second and third.
LOGGER = bytes.fromhex("60205f5f3760403560203560205fa200")
# Reverts with whatever it is sent.
REVERTER = bytes.fromhex("365f5f37365ffd")
# Puts the second word into the storage slot that the first names.
KEEPER = bytes.fromhex("6020355f355500")
# Calls the address in its first word with the rest of its data and all gas; fails if that fails.
CALLER = bytes.fromhex("6020360360205f375f5f602036035f5f5f355af1601a575f5ffd5b00")
# Gives its block's time.
CLOCK = bytes.fromhex("425f5260205ff3")


def creation(runtime: bytes) -> bytes:
    """Give the code that makes a contract of `runtime`."""
    return b"\x61" + len(runtime).to_bytes(2, "big") + bytes.fromhex("80600a5f395ff3") + runtime


def word(value: int | bytes | str) -> bytes:
    """Give 32 bytes."""
    if isinstance(value, str):
        value = bytes.fromhex(value.removeprefix("0x"))
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\x00")


class Transport(Protocol):
    def __call__(self, method: str, params: list[Any]) -> dict[str, Any]: ...


@dataclass
class Node:
    """One node, and a signer's next nonces there."""

    post: Transport
    chain_id: int
    fund: Any
    nonces: dict[str, int] = field(default_factory=dict)

    def answer(self, method: str, *params: Any) -> dict[str, Any]:
        """Give the whole answer, be it a result or an error."""
        return self.post(method, list(params))

    def ask(self, method: str, *params: Any) -> Any:
        """Give the result."""
        answer = self.answer(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, *params: Any) -> dict[str, Any]:
        """Give the error."""
        answer = self.answer(method, *params)
        assert "error" in answer, answer
        return answer["error"]

    def signed(self, who: KeySigner, **fields: Any) -> str:
        """Sign a transaction with the sender's next nonce."""
        nonce = self.nonces.setdefault(
            who.address, int(self.ask("eth_getTransactionCount", who.address, "latest"), 16)
        )
        raw = who.sign(self.filled(nonce, **fields))
        self.nonces[who.address] = nonce + 1
        return "0x" + bytes(raw).hex()

    def filled(self, nonce: int, **fields: Any) -> dict[str, Any]:
        """Give a transaction's fields, a free one of type 2 if not said otherwise."""
        common = {"nonce": nonce, "chainId": self.chain_id, "gas": 300_000, "value": 0}
        price: dict[str, Any] = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "type": 2}
        if "gasPrice" in fields:
            price = {}
        if "to" in fields:
            fields["to"] = to_checksum_address(fields["to"])
        return common | price | fields

    def send(self, who: KeySigner, **fields: Any) -> dict[str, Any]:
        """Send a transaction and give its receipt."""
        tx_hash = self.ask("eth_sendRawTransaction", self.signed(who, **fields))
        deadline = time.monotonic() + 10
        while (receipt := self.ask("eth_getTransactionReceipt", tx_hash)) is None:
            assert time.monotonic() < deadline, "anvil mines at once, but not before it answers"
            time.sleep(0.01)
        return receipt

    def mined(self, tx_hash: str) -> dict[str, Any]:
        """Give a transaction once its block is told; anvil answers from its pool for a moment."""
        deadline = time.monotonic() + 10
        while (found := self.ask("eth_getTransactionByHash", tx_hash))["blockHash"] is None:
            assert time.monotonic() < deadline, "its receipt was there before"
            time.sleep(0.01)
        return found

    def deploy(self, who: KeySigner, runtime: bytes, *, value: int = 0) -> str:
        """Make a contract and give its address."""
        receipt = self.send(who, data=creation(runtime), gas=1_000_000, value=value)
        assert receipt["status"] == "0x1"
        return receipt["contractAddress"]


def embedded_node(provider: EmbeddedProvider) -> Node:
    """Give the embedded chain as a node."""
    return Node(
        post=provider.make_request,
        chain_id=1337,
        fund=lambda who, wei: provider.make_request("coopt_fund", [who, hex(wei)]),
    )


def http_node(url: str) -> Node:
    """Give an anvil as a node."""

    def post(method: str, params: list[Any]) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    chain_id = int(post("eth_chainId", [])["result"], 16)
    return Node(post, chain_id, lambda who, wei: post("anvil_setBalance", [who, hex(wei)]))

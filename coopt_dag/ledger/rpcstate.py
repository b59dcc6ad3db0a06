"""Accounts and executed messages of the embedded chain, as JSON-RPC shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rlp
from eth.constants import BLANK_ROOT_HASH
from eth.rlp.accounts import Account
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

from coopt_dag.ledger import gas
from coopt_dag.ledger.rpcblocks import hexed
from coopt_dag.ledger.rpcparams import LATEST, invalid

if TYPE_CHECKING:
    from coopt_dag.ledger.chain import Call
    from coopt_dag.ledger.rpc import EmbeddedProvider
    from coopt_dag.ledger.rpcparams import BlockId

MAX_HISTORY = 1024


def balance(provider: EmbeddedProvider, address: bytes, which: BlockId = LATEST) -> str:
    """Give an account's wei."""
    return hex(provider.state(which).get_balance(address))


def nonce(provider: EmbeddedProvider, address: bytes, which: BlockId = LATEST) -> str:
    """Give how many transactions an account has sent."""
    return hex(provider.state(which).get_nonce(address))


def code(provider: EmbeddedProvider, address: bytes, which: BlockId = LATEST) -> str:
    """Give a contract's code."""
    return hexed(bytes(provider.state(which).get_code(address)))


def storage(provider: EmbeddedProvider, address: bytes, slot: int, which: BlockId = LATEST) -> str:
    """Give a word of a contract's storage."""
    return hexed(provider.state(which).get_storage(address, slot).to_bytes(32, "big"))


def proof(
    provider: EmbeddedProvider, address: bytes, slots: list[int], which: BlockId = LATEST
) -> dict[str, Any]:
    """Give an account with the trie nodes that prove it below the block's state root."""
    root = provider.chain.header(which.on(provider.file)).state_root
    nodes = _nodes(provider, root, address)
    state = provider.state(which)
    found = HexaryTrie(provider.chain.states, root)[keccak(address)]
    account = rlp.decode(found, sedes=Account) if found else Account()
    return {
        "address": hexed(address),
        "accountProof": nodes,
        "balance": hex(account.balance),
        "codeHash": hexed(account.code_hash),
        "nonce": hex(account.nonce),
        "storageHash": hexed(account.storage_root),
        "storageProof": [
            {
                "key": hex(slot),
                "value": hex(state.get_storage(address, slot)),
                "proof": _nodes(provider, account.storage_root, slot.to_bytes(32, "big")),
            }
            for slot in slots
        ],
    }


def _nodes(provider: EmbeddedProvider, root: bytes, key: bytes) -> list[str]:
    if root == BLANK_ROOT_HASH:
        return []
    trie: Any = HexaryTrie(provider.chain.states, root)
    return [hexed(rlp.encode(node)) for node in trie.get_proof(keccak(key)) if node]


def call(
    provider: EmbeddedProvider, message: Call, which: BlockId = LATEST, overrides: Any = None
) -> str:
    """Execute a message and give its output."""
    if overrides:
        raise invalid("state overrides are not supported")
    done = provider.chain.execute(message, number=which.on(provider.file))
    return hexed(gas.output(done, gas=message.gas))


def estimate(provider: EmbeddedProvider, message: Call, which: BlockId = LATEST) -> str:
    """Give gas with which a message succeeds."""
    return hex(gas.estimate(provider.chain, message, number=which.on(provider.file)))


def fee_history(
    provider: EmbeddedProvider, count: int, newest: BlockId, percentiles: list[Any] | None = None
) -> dict[str, Any]:
    """Give how full the last blocks were; gas costs nothing in any."""
    last = newest.on(provider.file)
    last = provider.file.head().height if last is None else last
    blocks = range(max(0, last + 1 - min(count, MAX_HISTORY)), last + 1)
    headers = [provider.chain.header(number) for number in blocks]
    answer: dict[str, Any] = {
        "oldestBlock": hex(blocks.start),
        "baseFeePerGas": ["0x0"] * (len(blocks) + 1),
        "baseFeePerBlobGas": ["0x1"] * (len(blocks) + 1),
        "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        "blobGasUsedRatio": [0.0] * len(blocks),
    }
    if percentiles:
        answer["reward"] = [["0x0"] * len(percentiles) for _ in blocks]
    return answer

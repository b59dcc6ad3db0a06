"""Blocks, transactions and receipts of the embedded chain, as JSON-RPC shows them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address

from coopt_dag.ledger.chainblock import LogRow, block_bytes, bloom
from coopt_dag.ledger.chainfile import CHAIN_ID
from coopt_dag.ledger.chainrows import place_of
from coopt_dag.ledger.chaintx import decoded

if TYPE_CHECKING:
    from coopt_dag.ledger.chainblock import Block, TxRow
    from coopt_dag.ledger.rpc import EmbeddedProvider
    from coopt_dag.ledger.rpcparams import BlockId


def hexed(value: bytes) -> str:
    """Give bytes as JSON-RPC writes them."""
    return "0x" + value.hex()


@lru_cache(maxsize=4096)
def shown(address: bytes | None) -> str | None:
    """Give an address with its checksum."""
    return to_checksum_address(address) if address else None


def _bloomed(bits: int) -> str:
    return hexed(bits.to_bytes(256, "big"))


def block(provider: EmbeddedProvider, which: BlockId, full: bool = False) -> Any:
    """Give a block, with its transactions' hashes or with them whole."""
    found = provider.block(which)
    if found is None:
        return None
    header = provider.chain.header(found.number)
    rows = found.transactions
    return {
        "number": hex(header.block_number),
        "hash": hexed(found.hash),
        "parentHash": hexed(header.parent_hash),
        "sha3Uncles": hexed(header.uncles_hash),
        "logsBloom": _bloomed(header.bloom),
        "transactionsRoot": hexed(header.transaction_root),
        "stateRoot": hexed(header.state_root),
        "receiptsRoot": hexed(header.receipt_root),
        "miner": shown(header.coinbase),
        "difficulty": "0x0",
        "extraData": hexed(header.extra_data),
        "size": hex(len(block_bytes(found.header, [row.raw for row in rows]))),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "transactions": [
            transaction_json(found, at) if full else hexed(row.hash) for at, row in enumerate(rows)
        ],
        "uncles": [],
        "nonce": hexed(header.nonce),
        "mixHash": hexed(header.mix_hash),
        "baseFeePerGas": hex(header.base_fee_per_gas),
        "withdrawals": [],
        "withdrawalsRoot": hexed(header.withdrawals_root),
        "blobGasUsed": hex(header.blob_gas_used),
        "excessBlobGas": hex(header.excess_blob_gas),
        "parentBeaconBlockRoot": hexed(header.parent_beacon_block_root),
        "requestsHash": hexed(header.requests_hash),
    }


def _place(found: Block, at: int) -> dict[str, str]:
    return {
        "blockHash": hexed(found.hash),
        "blockNumber": hex(found.number),
        "transactionIndex": hex(at),
    }


def _price(row: TxRow) -> str:
    """Give what a unit of gas cost: the base fee is 0, so it is the tip."""
    transaction = decoded(row.raw)
    return hex(min(transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas))


def transaction_json(found: Block, at: int) -> dict[str, Any]:
    """Give a block's transaction at a place."""
    row = found.transactions[at]
    transaction = decoded(row.raw)
    answer: dict[str, Any] = {
        "hash": hexed(row.hash),
        **_place(found, at),
        "blockTimestamp": hex(found.time),
        "type": hex(row.type),
        "from": shown(row.sender),
        "to": shown(row.recipient),
        "nonce": hex(row.nonce),
        "gas": hex(transaction.gas),
        "gasPrice": _price(row),
        "value": hex(transaction.value),
        "input": hexed(transaction.data),
        "chainId": hex(CHAIN_ID),
        "r": hex(transaction.r),
        "s": hex(transaction.s),
    }
    if row.type == 0:
        return answer | {"v": hex(transaction.v)}
    parity = hex(transaction.y_parity)
    answer |= {"v": parity, "yParity": parity, "accessList": _access(transaction)}
    if row.type == 1:
        return answer
    answer |= {
        "maxFeePerGas": hex(transaction.max_fee_per_gas),
        "maxPriorityFeePerGas": hex(transaction.max_priority_fee_per_gas),
    }
    if row.type == 4:
        answer["authorizationList"] = [_authorization(a) for a in transaction.authorization_list]
    return answer


def _access(transaction: Any) -> list[dict[str, Any]]:
    return [
        {
            "address": shown(address),
            "storageKeys": [hexed(key.to_bytes(32, "big")) for key in keys],
        }
        for address, keys in transaction.access_list
    ]


def _authorization(entry: Any) -> dict[str, Any]:
    return {
        "chainId": hex(entry.chain_id),
        "address": shown(entry.address),
        "nonce": hex(entry.nonce),
        "yParity": hex(entry.y_parity),
        "r": hex(entry.r),
        "s": hex(entry.s),
    }


def log_json(found: Block, at: int, index: int, log: LogRow) -> dict[str, Any]:
    """Give a log with its place: in its block's transaction `at`, the block's `index`th log."""
    return {
        "address": shown(log.address),
        "topics": [hexed(topic) for topic in log.topics],
        "data": hexed(log.data),
        **_place(found, at),
        "blockTimestamp": hex(found.time),
        "transactionHash": hexed(found.transactions[at].hash),
        "logIndex": hex(index),
        "removed": False,
    }


def receipt_json(found: Block, at: int) -> dict[str, Any]:
    """Give what came of a block's transaction at a place."""
    row = found.transactions[at]
    first = sum(len(before.logs) for before in found.transactions[:at])
    return {
        "type": hex(row.type),
        "status": hex(row.status),
        "cumulativeGasUsed": hex(row.cumulative),
        "logs": [log_json(found, at, first + i, log) for i, log in enumerate(row.logs)],
        "logsBloom": _bloomed(bloom(row.logs)),
        "transactionHash": hexed(row.hash),
        **_place(found, at),
        "from": shown(row.sender),
        "to": shown(row.recipient),
        "contractAddress": shown(row.created),
        "gasUsed": hex(row.gas),
        "effectiveGasPrice": _price(row),
    }


def transaction(provider: EmbeddedProvider, tx_hash: bytes) -> Any:
    """Give a transaction by its hash."""
    place = place_of(provider.file.db, tx_hash)
    return None if place is None else transaction_json(provider.block_at(place[0]), place[1])


def receipt(provider: EmbeddedProvider, tx_hash: bytes) -> Any:
    """Give a receipt by its transaction's hash."""
    place = place_of(provider.file.db, tx_hash)
    return None if place is None else receipt_json(provider.block_at(place[0]), place[1])


def receipts(provider: EmbeddedProvider, which: BlockId) -> Any:
    """Give a block's receipts."""
    found = provider.block(which)
    if found is None:
        return None
    return [receipt_json(found, at) for at in range(len(found.transactions))]


def transaction_at(provider: EmbeddedProvider, which: BlockId, at: int) -> Any:
    """Give a block's transaction by its place."""
    found = provider.block(which)
    if found is None or at >= len(found.transactions):
        return None
    return transaction_json(found, at)


def transaction_count(provider: EmbeddedProvider, which: BlockId) -> Any:
    """Give how many transactions a block has."""
    found = provider.block(which)
    return None if found is None else hex(len(found.transactions))


def uncle_count(provider: EmbeddedProvider, which: BlockId) -> Any:
    """Give how many uncles a block has: none."""
    return None if provider.block(which) is None else "0x0"

"""JSON-RPC over the embedded chain: the methods that web3 and wallets use, as a web3 provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_bloom.bloom import BloomFilter
from eth_utils.address import to_checksum_address
from eth_utils.conversions import to_bytes
from web3.providers.base import JSONBaseProvider

from coopt_dag.ledger.chain import CHAIN_ID, GAS_LIMIT, Call, Chain, Refusal
from coopt_dag.ledger.chainfile import ChainFile

if TYPE_CHECKING:
    from pathlib import Path

_LATEST = {"latest", "pending", "safe", "finalized", None}


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


class EmbeddedProvider(JSONBaseProvider):
    """A web3 provider with no server: the chain is one file."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__()
        self.file = ChainFile(path, create=True)
        self.chain = Chain(self.file, **options)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002
        """Tell that the chain answers; it always does."""
        return True

    def make_request(self, method: Any, params: Any) -> Any:
        """Answer one request."""
        found = _METHODS.get(str(method))
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
        if found is None:
            message = f"the method {method} does not exist"
            return answer | {"error": {"code": -32601, "message": message}}
        try:
            return answer | {"result": found(self, *params)}
        except Refusal as refusal:
            error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
            if refusal.data is not None:
                error["data"] = _hex(refusal.data)
            return answer | {"error": error}

    def number(self, tag: str | None) -> int | None:
        """Read a block tag; None means the latest."""
        if tag in _LATEST:
            return None
        return 0 if tag == "earliest" else int(str(tag), 16)


def _call_of(message: dict[str, Any]) -> Call:
    return Call(
        sender=to_bytes(hexstr=message.get("from", "0x" + "00" * 20)),
        to=to_bytes(hexstr=message["to"]) if message.get("to") else b"",
        data=to_bytes(hexstr=message.get("data", message.get("input", "0x"))),
        value=int(message.get("value", "0x0"), 16),
        gas=int(message.get("gas", hex(GAS_LIMIT)), 16),
    )


def _execute(provider: EmbeddedProvider, call: Call, tag: str | None = None) -> Any:
    computation = provider.chain.execute(call, number=provider.number(tag))
    if computation.is_error:
        raise Refusal(3, "execution reverted", bytes(computation.output))
    return computation


def _call(provider: EmbeddedProvider, message: dict[str, Any], tag: str = "latest") -> str:
    return _hex(bytes(_execute(provider, _call_of(message), tag).output))


def _estimate(provider: EmbeddedProvider, message: dict[str, Any], tag: str = "latest") -> str:
    """Find the least gas with which the message succeeds, to within one percent.

    Without inner calls that is what it used; with them (EIP-150 keeps a 64th back at each)
    it is searched for.
    """
    call = _call_of({**message, "gas": hex(GAS_LIMIT)})
    computation = _execute(provider, call, tag)
    low = int(computation.get_gas_used()) + provider.chain.intrinsic_gas(call)
    if not computation.children:
        return hex(low)

    def succeeds(gas: int) -> bool:
        tried = Call(call.sender, call.to, call.data, call.value, gas)
        try:
            return not provider.chain.execute(tried, number=provider.number(tag)).is_error
        except Refusal:
            return False

    if succeeds(low):
        return hex(low)
    high = GAS_LIMIT
    while high - low > max(1, low // 100):
        middle = min((low + high) // 2, low * 2)
        low, high = (low, middle) if succeeds(middle) else (middle, high)
    return hex(high)


def _block(provider: EmbeddedProvider, tag: str, full: bool = False) -> Any:
    db = provider.file.db
    if len(tag) == 66:
        row = db.execute("select number from block where hash=?", (to_bytes(hexstr=tag),))
        found = row.fetchone()
        number = None if found is None else found[0]
    else:
        number = provider.number(tag)
        last = provider.file.head().height
        number = last if number is None else (number if number <= last else None)
    if number is None:
        return None
    header = provider.chain.header(number)
    hashes = [r[0] for r in db.execute("select hash from tx where block=?", (number,))]
    return {
        "number": hex(header.block_number),
        "hash": _hex(header.hash),
        "parentHash": _hex(header.parent_hash),
        "timestamp": hex(header.timestamp),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "baseFeePerGas": hex(header.base_fee_per_gas),
        "stateRoot": _hex(header.state_root),
        "transactionsRoot": _hex(header.transaction_root),
        "receiptsRoot": _hex(header.receipt_root),
        "logsBloom": _hex(header.bloom.to_bytes(256, "big")),
        "miner": to_checksum_address(header.coinbase),
        "difficulty": "0x0",
        "extraData": _hex(header.extra_data),
        "nonce": _hex(header.nonce),
        "sha3Uncles": _hex(header.uncles_hash),
        "size": "0x0",
        "uncles": [],
        "transactions": [_transaction(provider, _hex(h)) if full else _hex(h) for h in hashes],
    }


def _tx_row(provider: EmbeddedProvider, tx_hash: str) -> Any:
    return provider.file.db.execute(
        "select t.hash, t.block, b.hash, t.sender, t.recipient, t.nonce, t.raw, t.status, t.gas,"
        " t.created from tx t join block b on b.number = t.block where t.hash=?",
        (to_bytes(hexstr=tx_hash),),
    ).fetchone()


def _transaction(provider: EmbeddedProvider, tx_hash: str) -> Any:
    row = _tx_row(provider, tx_hash)
    if row is None:
        return None
    vm = provider.chain.chain.get_vm()
    decoded = vm.get_transaction_builder().decode(row[6])
    return {
        "hash": _hex(row[0]),
        "blockNumber": hex(row[1]),
        "blockHash": _hex(row[2]),
        "transactionIndex": "0x0",
        "from": to_checksum_address(row[3]),
        "to": to_checksum_address(row[4]) if row[4] else None,
        "nonce": hex(row[5]),
        "gas": hex(decoded.gas),
        "value": hex(decoded.value),
        "input": _hex(decoded.data),
        "gasPrice": "0x0",
        "chainId": hex(CHAIN_ID),
        "type": "0x2",
    }


def _receipt(provider: EmbeddedProvider, tx_hash: str) -> Any:
    row = _tx_row(provider, tx_hash)
    if row is None:
        return None
    logs = _logs(provider, "l.block=?", [row[1]])
    bloom = BloomFilter()
    for log in logs:
        for word in (log["address"], *log["topics"]):
            bloom.add(to_bytes(hexstr=word))
    return {
        "transactionHash": _hex(row[0]),
        "blockNumber": hex(row[1]),
        "blockHash": _hex(row[2]),
        "transactionIndex": "0x0",
        "from": to_checksum_address(row[3]),
        "to": to_checksum_address(row[4]) if row[4] else None,
        "status": hex(row[7]),
        "gasUsed": hex(row[8]),
        "cumulativeGasUsed": hex(row[8]),
        "effectiveGasPrice": "0x0",
        "contractAddress": to_checksum_address(row[9]) if row[9] else None,
        "logs": logs,
        "logsBloom": _hex(int(bloom).to_bytes(256, "big")),
        "type": "0x2",
    }


def _logs(provider: EmbeddedProvider, where: str, values: list[Any]) -> list[dict[str, Any]]:
    rows = provider.file.db.execute(
        # the words of `where` are our own, see _get_logs; values are bound
        "select l.block, l.number, l.tx, l.address, l.topic0, l.topic1, l.topic2, l.topic3,"  # noqa: S608
        " l.data, b.hash from log l join block b on b.number = l.block"
        f" where {where} order by l.block, l.number",
        values,
    )
    return [
        {
            "blockNumber": hex(r[0]),
            "logIndex": hex(r[1]),
            "transactionHash": _hex(r[2]),
            "transactionIndex": "0x0",
            "address": to_checksum_address(r[3]),
            "topics": [_hex(t) for t in r[4:8] if t is not None],
            "data": _hex(r[8]),
            "blockHash": _hex(r[9]),
            "removed": False,
        }
        for r in rows
    ]


def _get_logs(provider: EmbeddedProvider, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    where: list[str] = []
    values: list[Any] = []
    for bound, sign in (("fromBlock", ">="), ("toBlock", "<=")):
        number = provider.number(wanted.get(bound))
        if number is None and bound == "fromBlock":
            number = provider.file.head().height
        if number is not None:
            where.append(f"l.block{sign}?")
            values.append(number)
    addresses = wanted.get("address") or []
    choices = [("l.address", [addresses] if isinstance(addresses, str) else addresses)]
    for index, topic in enumerate(wanted.get("topics") or []):
        choices.append((f"l.topic{index}", [topic] if isinstance(topic, str) else topic or []))
    for column, allowed in choices:
        if allowed:
            where.append(f"{column} in ({','.join('?' * len(allowed))})")
            values += [to_bytes(hexstr=a) for a in allowed]
    return _logs(provider, " and ".join(where), values)


def _send(provider: EmbeddedProvider, raw: Any) -> str:
    data = to_bytes(hexstr=raw) if isinstance(raw, str) else bytes(raw)
    return _hex(provider.chain.record(data))


def _balance(provider: EmbeddedProvider, address: str, tag: str = "latest") -> str:
    state = provider.chain.state(provider.number(tag))
    return hex(state.get_balance(to_bytes(hexstr=address)))


def _nonce(provider: EmbeddedProvider, address: str, tag: str = "latest") -> str:
    state = provider.chain.state(provider.number(tag))
    return hex(state.get_nonce(to_bytes(hexstr=address)))


def _code(provider: EmbeddedProvider, address: str, tag: str = "latest") -> str:
    state = provider.chain.state(provider.number(tag))
    return _hex(bytes(state.get_code(to_bytes(hexstr=address))))


_METHODS: dict[str, Any] = {
    "web3_clientVersion": lambda _p: "coopt-embedded/py-evm",
    "eth_chainId": lambda _p: hex(CHAIN_ID),
    "net_version": lambda _p: str(CHAIN_ID),
    "eth_accounts": lambda _p: [],
    "eth_gasPrice": lambda _p: "0x0",
    "eth_maxPriorityFeePerGas": lambda _p: "0x0",
    "eth_blockNumber": lambda p: hex(p.file.head().height),
    "eth_getBalance": _balance,
    "eth_getTransactionCount": _nonce,
    "eth_getCode": _code,
    "eth_call": _call,
    "eth_estimateGas": _estimate,
    "eth_getBlockByNumber": _block,
    "eth_getBlockByHash": _block,
    "eth_sendRawTransaction": _send,
    "eth_getTransactionByHash": _transaction,
    "eth_getTransactionReceipt": _receipt,
    "eth_getLogs": _get_logs,
}

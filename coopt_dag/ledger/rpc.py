"""JSON-RPC over the embedded chain, as a web3 provider: what is asked for, and who answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from eth_hash.auto import keccak
from web3.providers.base import JSONBaseProvider

from coopt_dag.ledger import chainrows, rpcblocks, rpclogs, rpcstate
from coopt_dag.ledger import rpcparams as read
from coopt_dag.ledger.chain import Chain
from coopt_dag.ledger.chainfile import CHAIN_ID, ChainFile
from coopt_dag.ledger.chaintx import Refusal
from coopt_dag.ledger.faucet import fund

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from coopt_dag.ledger.chainblock import Block

_SEND = "eth_sendRawTransaction"
_NO_METHOD = -32601
_REMEMBERED = 16


class EmbeddedProvider(JSONBaseProvider):
    """A web3 provider with no server: the chain is one file.

    Parameters
    ----------
    options
        `clock`: a function that gives seconds since 1970.
    """

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__()
        self.file = ChainFile(path, create=True)
        self.chain = Chain(self.file, **options)
        self._blocks: dict[int, Block] = {}

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002
        """Tell that the chain answers; it always does."""
        return True

    def make_request(self, method: Any, params: Any) -> Any:
        """Answer one request."""
        return _answered(lambda: self._result(str(method), params))

    def make_batch_request(self, requests: list[tuple[Any, Any]]) -> Any:
        """Answer several requests in order; transactions that follow each other share blocks."""
        answers: list[Any] = []
        for sending, several in groupby(requests, key=lambda request: str(request[0]) == _SEND):
            if sending:
                answers += self._sent([params for _, params in several])
            else:
                answers += [self.make_request(method, params) for method, params in several]
        return [answer | {"id": number} for number, answer in enumerate(answers)]

    def send_many(self, raws: Sequence[bytes]) -> list[str | Refusal]:
        """Put signed transactions into as few blocks as hold them, up to 50 in each.

        Returns
        -------
        list
            For each its hash, or why it was refused; the others went in all the same. They are
            durable when this returns.
        """
        answers = self.chain.record_many([bytes(raw) for raw in raws])
        return [a if isinstance(a, Refusal) else rpcblocks.hexed(a) for a in answers]

    def block(self, which: read.BlockId) -> Block | None:
        """Give a block, none if there is no such block."""
        number = which.find(self.file)
        return None if number is None else self.block_at(number)

    def block_at(self, number: int) -> Block:
        """Give a block that there is; the last ones asked for are remembered."""
        if number not in self._blocks:
            found = chainrows.block(self.file.db, number)
            if found is None:
                raise Refusal(-32000, f"block {number} not found")
            if len(self._blocks) >= _REMEMBERED:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = found
        return self._blocks[number]

    def state(self, which: read.BlockId) -> Any:
        """Give the accounts as of a block."""
        return self.chain.state(which.on(self.file))

    def _result(self, name: str, params: Any) -> Any:
        method = METHODS.get(name)
        if method is None:
            raise Refusal(_NO_METHOD, f"the method {name} does not exist/is not available")
        return method.answer(self, *method.arguments(params))

    def _sent(self, several: list[Any]) -> list[dict[str, Any]]:
        """Answer transactions that were sent together."""
        given = [_answered(partial(METHODS[_SEND].arguments, params)) for params in several]
        raws = [found["result"][0] for found in given if "result" in found]
        sent = iter(self.send_many(raws))
        return [
            _answered(partial(_told, next(sent))) if "result" in found else found for found in given
        ]


def _told(outcome: str | Refusal) -> str:
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def _answered(work: Callable[[], Any]) -> dict[str, Any]:
    """Give the JSON-RPC answer to what was asked for."""
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
    try:
        return answer | {"result": work()}
    except Refusal as refusal:
        error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
        if refusal.data is not None:
            error["data"] = rpcblocks.hexed(refusal.data)
        return answer | {"error": error}


@dataclass(frozen=True, slots=True)
class Method:
    """A method: who answers, and how its parameters are read."""

    answer: Callable[..., Any]
    readers: tuple[Callable[[Any], Any], ...] = ()
    needed: int = 0

    def arguments(self, params: Any) -> list[Any]:
        """Read the parameters.

        Raises
        ------
        Refusal
            There are too few, too many, or bad ones.
        """
        given = read.numbers([] if params is None else params)
        while len(given) > self.needed and given[-1] is None:
            given.pop()  # null at the end is as good as nothing
        if not self.needed <= len(given) <= len(self.readers):
            raise read.invalid(f"{len(given)} given, {self.needed} to {len(self.readers)} wanted")
        return [reader(value) for reader, value in zip(self.readers, given, strict=False)]


def _fixed(value: Any) -> Method:
    return Method(lambda _provider: value)


def _send(provider: EmbeddedProvider, raw: bytes) -> str:
    return rpcblocks.hexed(provider.chain.record(raw))


def _whatever(value: Any) -> Any:
    return value


def _slots(value: Any) -> list[int]:
    return [read.slot(entry) for entry in read.numbers(value)]


_ACCOUNT = (read.address, read.block_id)
METHODS: dict[str, Method] = {
    "web3_clientVersion": _fixed("coopt-embedded/py-evm"),
    "web3_sha3": Method(lambda _p, data: rpcblocks.hexed(keccak(data)), (read.data,), 1),
    "net_version": _fixed(str(CHAIN_ID)),
    "net_listening": _fixed(value=True),
    "eth_chainId": _fixed(hex(CHAIN_ID)),
    "eth_syncing": _fixed(value=False),
    "eth_accounts": _fixed([]),
    "eth_gasPrice": _fixed("0x0"),
    "eth_maxPriorityFeePerGas": _fixed("0x0"),
    "eth_blobBaseFee": _fixed("0x1"),
    "eth_blockNumber": Method(lambda p: hex(p.file.head().height)),
    "eth_getBalance": Method(rpcstate.balance, _ACCOUNT, 1),
    "eth_getTransactionCount": Method(rpcstate.nonce, _ACCOUNT, 1),
    "eth_getCode": Method(rpcstate.code, _ACCOUNT, 1),
    "eth_getStorageAt": Method(rpcstate.storage, (read.address, read.slot, read.block_id), 2),
    "eth_getProof": Method(rpcstate.proof, (read.address, _slots, read.block_id), 2),
    "eth_call": Method(rpcstate.call, (read.call, read.block_id, _whatever), 1),
    "eth_estimateGas": Method(rpcstate.estimate, (read.call, read.block_id), 1),
    "eth_feeHistory": Method(
        rpcstate.fee_history, (read.quantity, read.block_number, read.numbers), 2
    ),
    "eth_getBlockByNumber": Method(rpcblocks.block, (read.block_number, read.flag), 1),
    "eth_getBlockByHash": Method(rpcblocks.block, (read.block_hash, read.flag), 1),
    "eth_getBlockReceipts": Method(rpcblocks.receipts, (read.block_id,), 1),
    "eth_getBlockTransactionCountByNumber": Method(
        rpcblocks.transaction_count, (read.block_number,), 1
    ),
    "eth_getBlockTransactionCountByHash": Method(
        rpcblocks.transaction_count, (read.block_hash,), 1
    ),
    "eth_getUncleCountByBlockNumber": Method(rpcblocks.uncle_count, (read.block_number,), 1),
    "eth_getUncleCountByBlockHash": Method(rpcblocks.uncle_count, (read.block_hash,), 1),
    "eth_getTransactionByHash": Method(rpcblocks.transaction, (read.hash32,), 1),
    "eth_getTransactionByBlockNumberAndIndex": Method(
        rpcblocks.transaction_at, (read.block_number, read.quantity), 2
    ),
    "eth_getTransactionByBlockHashAndIndex": Method(
        rpcblocks.transaction_at, (read.block_hash, read.quantity), 2
    ),
    "eth_getTransactionReceipt": Method(rpcblocks.receipt, (read.hash32,), 1),
    "eth_getLogs": Method(rpclogs.get_logs, (_whatever,), 1),
    _SEND: Method(_send, (read.data,), 1),
    "coopt_fund": Method(
        lambda p, who, wei: rpcblocks.hexed(fund(p.chain, who, wei)),
        (read.address, read.quantity),
        2,
    ),
}

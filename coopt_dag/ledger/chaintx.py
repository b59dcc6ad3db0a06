"""A signed transaction on its way into a block: decoded, admitted or refused, executed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth.constants import GAS_TX
from eth.exceptions import PyEVMError
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.constants import STANDARD_TOKEN_COST, TOTAL_COST_FLOOR_PER_TOKEN
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth.vm.interrupt import EVMMissingData
from eth_hash.auto import keccak
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError as EthValidationError
from rlp.exceptions import RLPException

from coopt_dag.ledger.chainblock import LogRow, TxRow, type_of
from coopt_dag.ledger.chainfile import CHAIN_ID
from coopt_dag.ledger.chainrules import GAS_LIMIT

REFUSED = -32000
_TYPES = {0, 1, 2, 4}
_BAD = (
    *(PyEVMError, EthValidationError, RLPException, BadSignature),
    *(ValueError, TypeError),
)


class Refusal(Exception):  # noqa: N818  # a JSON-RPC answer, not a failure of ours
    """A JSON-RPC error: code, message and, for a revert, the contract's output."""

    def __init__(self, code: int, message: str, data: bytes | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction with a valid signature for this chain."""

    transaction: Any
    sender: bytes
    raw: bytes
    hash: bytes


@lru_cache(maxsize=1024)
def decoded(raw: bytes) -> Any:
    """Decode a transaction.

    Raises
    ------
    Refusal
        It is none, or of a type that this chain does not take.
    """
    if not raw:
        raise Refusal(REFUSED, "invalid transaction: it is empty")
    if type_of(raw) not in _TYPES:
        raise Refusal(REFUSED, "transaction type not supported")
    try:
        return PragueTransactionBuilder.decode(raw)
    except _BAD as error:
        raise Refusal(REFUSED, f"invalid transaction: {error}") from error


def signed(raw: bytes) -> Signed:
    """Decode a transaction and find its sender.

    Raises
    ------
    Refusal
        It is none, its signature does not hold, or it is for another chain.
    """
    transaction = decoded(raw)
    try:
        transaction.validate()
        sender = bytes(transaction.sender)
    except _BAD as error:
        if transaction.gas < transaction.intrinsic_gas:
            raise Refusal(REFUSED, "intrinsic gas too low") from error
        raise Refusal(REFUSED, f"invalid transaction: {error}") from error
    if transaction.chain_id is None:
        raise Refusal(REFUSED, "only replay-protected (EIP-155) transactions allowed over RPC")
    if transaction.chain_id != CHAIN_ID:
        raise Refusal(REFUSED, f"invalid chain id: have {transaction.chain_id} want {CHAIN_ID}")
    return Signed(transaction, sender, raw, bytes(keccak(raw)))


def needed(transaction: Any) -> int:
    """Give what a transaction costs before its first instruction, or for its data alone.

    The latter is EIP-7623's floor, which py-evm charges but does not ask for beforehand.
    """
    zeros = transaction.data.count(0)
    tokens = zeros + (len(transaction.data) - zeros) * STANDARD_TOKEN_COST
    return int(max(transaction.intrinsic_gas, GAS_TX + TOTAL_COST_FLOOR_PER_TOKEN * tokens))


def admit(state: Any, tx: Signed) -> None:
    """Check what a transaction needs to go into a block on top of `state`.

    Raises
    ------
    Refusal
        With the words that geth uses, which client libraries look for.
    """
    transaction, who = tx.transaction, "0x" + tx.sender.hex()
    expected = state.get_nonce(tx.sender)
    if transaction.nonce != expected:
        word = "low" if transaction.nonce < expected else "high"
        numbers = f"tx: {transaction.nonce} state: {expected}"
        raise Refusal(REFUSED, f"nonce too {word}: address {who}, {numbers}")
    if transaction.gas > GAS_LIMIT:
        raise Refusal(REFUSED, "exceeds block gas limit")
    if transaction.gas < needed(transaction):
        raise Refusal(REFUSED, "intrinsic gas too low")
    if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
        raise Refusal(REFUSED, "max priority fee per gas higher than max fee per gas")
    cost = transaction.gas * transaction.max_fee_per_gas + transaction.value
    if state.get_balance(tx.sender) < cost:
        raise Refusal(REFUSED, "insufficient funds for gas * price + value")
    code = state.get_code(tx.sender)
    if code and not code.startswith(b"\xef\x01\x00"):  # EIP-3607, EIP-7702
        raise Refusal(REFUSED, f"sender not an eoa: address {who}")


def run(state: Any, tx: Signed, *, used: int) -> TxRow:
    """Execute an admitted transaction after others of its block, which have used some gas.

    Raises
    ------
    Refusal
        The EVM takes it not for a transaction; nothing has changed.
    """
    transaction = tx.transaction
    state.lock_changes()
    try:
        state.validate_transaction(transaction)
    except EVMMissingData:
        raise  # the file is damaged, not the transaction
    except _BAD as error:
        raise Refusal(REFUSED, f"invalid transaction: {error}") from error
    computation = state.apply_transaction(transaction)
    gas = int(PragueVM.finalize_gas_used(transaction, computation))
    created = computation.msg.storage_address if computation.msg.is_create else None
    logs = tuple(
        LogRow(bytes(address), tuple(t.to_bytes(32, "big") for t in topics), bytes(data))
        for address, topics, data in computation.get_log_entries()
    )
    return TxRow(
        hash=tx.hash,
        sender=tx.sender,
        recipient=bytes(transaction.to) or None,
        nonce=transaction.nonce,
        raw=tx.raw,
        status=int(computation.is_success),
        gas=gas,
        cumulative=used + gas,
        created=created,
        logs=logs,
    )

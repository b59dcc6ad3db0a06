"""A real EVM (py-evm, Prague rules) whose whole state lives in a `ChainFile`.

One transaction is one block is one SQLite transaction. Several blocks of one second carry the
same time, which Ethereum itself forbids, so that a burst does not run the clock ahead.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDBWriteBatch
from eth.db.backends.base import BaseAtomicDB
from eth.exceptions import PyEVMError
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_utils.exceptions import ValidationError as EthValidationError
from rlp.exceptions import RLPException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coopt_dag.ledger.chainfile import ChainFile

CHAIN_ID = 1337
GAS_LIMIT = 30_000_000


class BurstVM(PragueVM):
    """Prague rules, but blocks of one second may carry the same time."""

    @classmethod
    def validate_header(cls, header: Any, parent_header: Any) -> None:
        """Validate a header, with equal times allowed."""
        if header.timestamp == parent_header.timestamp:
            parent_header = parent_header.copy(timestamp=header.timestamp - 1)
        super().validate_header(header, parent_header)


class Refusal(Exception):  # noqa: N818  # a JSON-RPC answer, not a failure of ours
    """A JSON-RPC error: code, message and, for a revert, the contract's output."""

    def __init__(self, code: int, message: str, data: bytes | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class _States(BaseAtomicDB):
    """py-evm's key-value view of the file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __getitem__(self, key: bytes) -> bytes:
        row = self._db.execute("select value from state where key=?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._db.execute("insert or replace into state values(?,?)", (key, value))

    def __delitem__(self, key: bytes) -> None:
        self._db.execute("delete from state where key=?", (key,))

    def _exists(self, key: bytes) -> bool:
        row = self._db.execute("select 1 from state where key=?", (key,)).fetchone()
        return row is not None

    @contextlib.contextmanager
    def atomic_batch(self) -> Iterator[Any]:
        """Give a batch that reaches the file as a whole."""
        with AtomicDBWriteBatch._commit_unless_raises(self) as batch:
            yield batch


@dataclass(frozen=True, slots=True)
class Call:
    """A message that is executed without being recorded."""

    sender: bytes
    to: bytes
    data: bytes
    value: int
    gas: int


class Chain:
    """Executes and records transactions; several processes may share the file."""

    def __init__(self, file: ChainFile, *, clock: Callable[[], float] = time.time) -> None:
        self.file = file
        self._clock = clock
        self._states = _States(file.db)
        self._class = MiningChain.configure(
            "Embedded", vm_configuration=((0, BurstVM),), chain_id=CHAIN_ID
        )
        if not self._states._exists(b"v1:canonical_head_hash"):
            self._genesis()

    def _genesis(self) -> None:
        with self.file.write():
            if self._states._exists(b"v1:canonical_head_hash"):
                return  # another process was faster
            started = int(self._clock()) - 1
            chain = self._class.from_genesis(
                self._states,
                {
                    "difficulty": 0,
                    "gas_limit": GAS_LIMIT,
                    "timestamp": started,
                    "extra_data": b"coopt",
                    "coinbase": bytes(20),
                    "nonce": bytes(8),
                    "mix_hash": bytes(32),
                    "base_fee_per_gas": 0,
                },
                {},
            )
            head = chain.get_canonical_head()
            self.file.db.execute("insert into block values(0,?,?)", (head.hash, started))

    @property
    def chain(self) -> Any:
        """py-evm's chain at the file's present head; another process may have moved it."""
        return self._class(self._states)

    def header(self, number: int | None = None) -> Any:
        """Give a block's header, the latest by default."""
        if number is None:
            return self.chain.get_canonical_head()
        return self.chain.get_canonical_block_header_by_number(number)

    def _next_header(self, parent: Any) -> Any:
        """Give the header that a block mined now would start from.

        Its time is the one at which the contract runs: py-evm's own default would be the
        machine's clock, a second past the parent at least, whatever the block says in the end.
        """
        now = max(parent.timestamp, int(self._clock()))
        return self._class.get_vm_class_for_block_number(
            parent.block_number + 1
        ).create_header_from_parent(parent, timestamp=now, gas_limit=parent.gas_limit)

    def state(self, number: int | None = None) -> Any:
        """Give the accounts as of a block."""
        return self.chain.get_vm(self.header(number)).state

    def execute(self, call: Call, *, number: int | None = None) -> Any:
        """Execute a message on top of a block, and forget it.

        On top of the latest it runs at the present time, as a block mined now would: on a quiet
        chain a lease that has ended meanwhile must not look alive.
        """
        header = self._next_header(self.header()) if number is None else self.header(number)
        vm = self.chain.get_vm(header)
        transaction = vm.create_unsigned_transaction(
            nonce=vm.state.get_nonce(call.sender),
            gas_price=0,
            gas=call.gas,
            to=call.to,
            value=call.value,
            data=call.data,
        )
        spoofed = SpoofTransaction(transaction, from_=call.sender)
        try:
            return vm.state.costless_execute_transaction(spoofed)
        except (PyEVMError, EthValidationError) as error:
            raise Refusal(-32000, str(error)) from error

    def intrinsic_gas(self, call: Call) -> int:
        """Give what a message costs before its first instruction; at least EIP-7623's floor."""
        vm = self.chain.get_vm()
        transaction = vm.create_unsigned_transaction(
            nonce=0, gas_price=0, gas=call.gas, to=call.to, value=call.value, data=call.data
        )
        return int(transaction.intrinsic_gas)

    def record(self, raw: bytes) -> bytes:
        """Put a signed transaction into a block of its own; durable when this returns."""
        with self.file.write():
            return self._record(raw)

    def _record(self, raw: bytes) -> bytes:
        header = self._next_header(self.header())
        chain = self._class(self._states, header)
        try:
            transaction = chain.get_vm().get_transaction_builder().decode(raw)
            sender = transaction.sender
            if transaction.chain_id != CHAIN_ID:
                raise Refusal(-32000, "invalid chain id")
            row = self.file.db.execute("select 1 from tx where hash=?", (transaction.hash,))
            if row.fetchone():
                raise Refusal(-32000, "already known")
            _, receipts, computations = chain.mine_all([transaction])
        except (PyEVMError, EthValidationError, RLPException, ValueError, TypeError) as error:
            raise Refusal(-32000, f"invalid transaction: {error}") from error
        head = chain.get_canonical_head()
        self._keep(transaction, sender, head, receipts[0], computations[0])
        return bytes(transaction.hash)

    def _keep(
        self, transaction: Any, sender: bytes, head: Any, receipt: Any, computation: Any
    ) -> None:
        db, number = self.file.db, head.block_number
        db.execute("insert into block values(?,?,?)", (number, head.hash, head.timestamp))
        created = computation.msg.storage_address if computation.msg.is_create else None
        db.execute(
            "insert into tx values(?,?,?,?,?,?,?,?,?,?)",
            (
                *(transaction.hash, number, sender, transaction.to or None, transaction.nonce),
                *(transaction.encode(), int(not computation.is_error), receipt.gas_used),
                *(created, computation.output if computation.is_error else None),
            ),
        )
        for index, log in enumerate(receipt.logs):
            topics = [t.to_bytes(32, "big") for t in log.topics]
            topics += [None] * (4 - len(topics))
            db.execute(
                "insert into log values(?,?,?,?,?,?,?,?,?)",
                (number, index, transaction.hash, log.address, *topics, log.data),
            )

"""The embedded chain: executes transactions on a real EVM (py-evm) and keeps blocks in a file."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth.exceptions import PyEVMError
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth.vm.interrupt import EVMMissingData
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address
from eth_utils.exceptions import ValidationError as EthValidationError

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import chainrows as rows
from coopt_dag.ledger.chainblock import sealed
from coopt_dag.ledger.chainrules import (
    GAS_LIMIT,
    MAX_TRANSACTIONS,
    State,
    genesis_header,
    genesis_root,
    header_of,
    next_header,
    state_in,
)
from coopt_dag.ledger.chainstates import States
from coopt_dag.ledger.chaintx import REFUSED, Refusal, Signed, admit, needed, run, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coopt_dag.ledger.chainblock import Block, TxRow
    from coopt_dag.ledger.chainfile import ChainFile


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
        self.states = States(file.db)
        """Trie nodes and codes."""
        if rows.header(self.file.db) is None:
            self.begin(int(clock()) - 1)

    def begin(self, started: int) -> None:
        """Make the first block, unless another process was faster."""
        with self._writing():
            if rows.header(self.file.db) is None:
                root = genesis_root(self.states)
                header = genesis_header(started, root)
                self._keep(sealed(header, self._state(header, root=root), ()))

    def header(self, number: int | None = None) -> Any:
        """Give a block's header, the latest by default."""
        encoded = rows.header(self.file.db, number)
        if encoded is None:
            raise LedgerUnavailableError(f"there is no block {number}", path=self.file.path)
        return header_of(encoded)

    def state(self, number: int | None = None) -> Any:
        """Give the accounts as of a block."""
        header = self.header(number)
        return self._state(header, root=header.state_root)

    def execute(self, call: Call, *, number: int | None = None, kind: type[State] = State) -> Any:
        """Execute a message on top of a block, and forget it.

        On top of the latest it runs at the present time, as a block mined now would: on a quiet
        chain a lease that has ended meanwhile must not look alive.

        Raises
        ------
        Refusal
            The sender cannot afford it, or its gas does not even pay for its data.
        """
        header = self.header(number)
        context = next_header(header, now=int(self._clock())) if number is None else header
        state = self._state(context, root=header.state_root, kind=kind)
        message = unsigned(call, nonce=state.get_nonce(call.sender))
        if call.gas < needed(message):
            raise Refusal(REFUSED, f"intrinsic gas too low: have {call.gas}")
        spoofed = SpoofTransaction(message, from_=call.sender)
        try:
            with self._whole():
                return state.costless_execute_transaction(spoofed)
        except (PyEVMError, EthValidationError) as error:
            if state.get_balance(call.sender) < call.value:
                words = "insufficient funds for gas * price + value"
                raise Refusal(REFUSED, words) from error
            raise Refusal(REFUSED, f"invalid message: {error}") from error

    def record(self, raw: bytes) -> bytes:
        """Put a signed transaction into a block of its own; durable when this returns.

        Raises
        ------
        Refusal
            The transaction is not valid; nothing was recorded.
        """
        (answer,) = self.record_many([raw])
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def record_signed(self, sender: bytes, sign: Callable[[int], bytes]) -> bytes:
        """Record a transaction that is signed for its sender's nonce while nobody else writes.

        Raises
        ------
        Refusal
            The transaction is not valid; nothing was recorded.
        """
        with self._writing():
            (answer,) = self._mine([sign(self.state().get_nonce(sender))])
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def record_many(self, raws: Sequence[bytes]) -> list[bytes | Refusal]:
        """Put transactions into as few blocks as hold them; give each one's hash or refusal.

        One block is one transaction of the file, so that a kill leaves whole blocks.
        """
        answers: list[bytes | Refusal] = []
        while len(answers) < len(raws):
            with self._writing():
                answers += self._mine(raws[len(answers) :][:MAX_TRANSACTIONS])
        return answers

    def replay(self, raws: Sequence[bytes], *, at: int) -> Block:
        """Execute a block that is said to follow, and keep it; the caller compares.

        Raises
        ------
        Refusal
            A transaction does not go into this block.
        """
        parent = self.header()
        header = next_header(parent, now=at)
        with self._writing():
            state = self._state(header, root=parent.state_root)
            done: list[TxRow] = []
            for raw in raws:
                done.append(self._run(state, signed(raw), done))
            block = sealed(header, state, done)
            self._keep(block)
        return block

    def _mine(self, raws: Sequence[bytes]) -> list[bytes | Refusal]:
        """Mine one block of the first transactions that fit; give their answers."""
        parent = self.header()
        header = next_header(parent, now=int(self._clock()))
        state = self._state(header, root=parent.state_root)
        done: list[TxRow] = []
        answers: list[bytes | Refusal] = []
        for raw in raws:
            try:
                tx = signed(raw)
                if done and done[-1].cumulative + tx.transaction.gas > GAS_LIMIT:
                    break
                done.append(self._run(state, tx, done))
                answers.append(tx.hash)
            except Refusal as refusal:
                answers.append(refusal)
        if done:
            self._keep(sealed(header, state, done))
        return answers

    def _run(self, state: Any, tx: Signed, before: Sequence[TxRow]) -> TxRow:
        if rows.place_of(self.file.db, tx.hash) or any(row.hash == tx.hash for row in before):
            raise Refusal(REFUSED, "already known")
        used = before[-1].cumulative if before else 0
        if used + tx.transaction.gas > GAS_LIMIT:
            raise Refusal(REFUSED, "exceeds block gas limit")
        admit(state, tx)
        return run(state, tx, used=used)

    def _state(self, context: Any, *, root: bytes, kind: type[State] = State) -> Any:
        ancestors = rows.hashes_before(self.file.db, context.block_number)
        return state_in(self.states, context, root=root, ancestors=ancestors, kind=kind)

    def _keep(self, block: Block) -> None:
        rows.keep(self.file.db, block)
        self.states.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction of the file; a second writer waits, a kill leaves all or nothing."""
        try:
            with self.file.write(), self._whole():
                yield
            self.states.settle()
        finally:
            self.states.forget()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Tell of a part of the accounts that is not there."""
        try:
            yield
        except EVMMissingData as error:
            raise LedgerUnavailableError(
                f"the ledger's file has lost a part of its accounts: {error}",
                path=self.file.path,
                hint="coopt ledger check says what is damaged; restore it from an export",
            ) from error


def unsigned(call: Call, *, nonce: int) -> Any:
    """Give a message as a transaction without price and signature."""
    return PragueTransactionBuilder.create_unsigned_transaction(
        nonce=nonce,
        gas_price=0,
        gas=call.gas,
        to=Address(call.to),
        value=call.value,
        data=call.data,
    )

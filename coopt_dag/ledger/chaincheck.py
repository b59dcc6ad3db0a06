"""Is the embedded ledger's file what its blocks say? Found out, never repaired."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth._utils.address import generate_contract_address
from eth_hash.auto import keccak
from eth_typing import Address
from rlp.exceptions import RLPException

from coopt_dag.errors import IntegrityError
from coopt_dag.ledger import chainrows
from coopt_dag.ledger.chainblock import bloom, receipt_bytes, root
from coopt_dag.ledger.chainexport import export_chain, import_chain
from coopt_dag.ledger.chainfile import ChainFile
from coopt_dag.ledger.chainnodes import damaged_nodes
from coopt_dag.ledger.chainrules import genesis_header, header_of, next_header
from coopt_dag.ledger.chaintx import Refusal, decoded, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coopt_dag.ledger.chainblock import Block, TxRow

    Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be, and the block where it is seen, if it is one."""

    block: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Check:
    """What a check looked at, and the first thing that it found wrong."""

    blocks: int
    """Blocks that are whole, counted from the first."""
    transactions: int
    finding: Finding | None

    @property
    def hint(self) -> str:
        """The next move, if something is wrong."""
        if self.finding is None:
            return ""
        return (
            f"the first {self.blocks} blocks are whole; restore the file from an export "
            "(coopt ledger import) or a copy, nothing was changed"
        )


def check_chain(path: Path, *, deep: bool = False, progress: Progress | None = None) -> Check:
    """Compare everything the file says about its blocks with what they say themselves.

    SQLite's own structure; every header's hash and its parent's; transactions, receipts, blooms
    and gas against the header; senders against signatures; accounts of the last block, node by
    node.

    Parameters
    ----------
    deep
        Also execute every block again, from the first.
    progress
        Called with the number of blocks looked at, and of all.

    Raises
    ------
    LedgerUnavailableError
        There is no ledger at `path`, or it cannot be opened.
    """
    with closing(ChainFile(path, create=False)) as file:
        checker = _Checker(file, progress)
        try:
            finding = next(checker.findings(), None)
        except sqlite3.DatabaseError as error:
            finding = Finding(checker.blocks, f"SQLite: {error}")
    if finding is None and deep:
        finding = _executed_again(path)
    return Check(checker.blocks, checker.transactions, finding)


def _executed_again(path: Path) -> Finding | None:
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "chain.rlp"
        export_chain(path, exported)
        done = 0

        def count(_bytes: int, _of: int) -> None:
            nonlocal done
            done += 1

        try:
            import_chain(exported, Path(folder) / "ledger.sqlite", progress=count)
        except IntegrityError as error:
            return Finding(done, error.message)
    return None


class _Checker:
    """Counts what it has looked at."""

    def __init__(self, file: ChainFile, progress: Progress | None) -> None:
        self.blocks = self.transactions = 0
        self._file, self._db, self._progress = file, file.db, progress
        self._parent: Any = None

    def findings(self) -> Iterator[Finding]:
        """Give what is wrong; after the first, what follows may be wrong because of it."""
        for (line,) in self._db.execute("pragma integrity_check(1)"):
            if line != "ok":
                yield Finding(None, f"SQLite: {line}")
        head = self._file.head().height
        for number in range(head + 1):
            for what in self._read(number):
                yield Finding(number, what)
                return
            self.blocks += 1
            if self._progress is not None:
                self._progress(number + 1, head + 1)
        yield from self._strays()
        for what in damaged_nodes(self._db, self._parent.state_root):
            yield Finding(head, what)

    def _read(self, number: int) -> Iterator[str]:
        """Say what is wrong with a block; the next must follow it."""
        if chainrows.has_foreign_kinds(self._db, number):
            yield "a row holds values of another kind than the chain writes"
            return
        block = chainrows.block(self._db, number)
        if block is None:
            yield "the block is missing"
            return
        try:
            yield from self._wrong(block, self._parent)
            self._parent = header_of(block.header)
        except (RLPException, TypeError, ValueError) as error:
            yield f"the header or a transaction cannot be read: {error}"
        self.transactions += len(block.transactions)

    def _wrong(self, block: Block, parent: Any) -> Iterator[str]:
        yield from _header_wrong(block, parent)
        header = header_of(block.header)
        if root([row.raw for row in block.transactions]) != header.transaction_root:
            yield "the transactions are not those of its header"
        if root([receipt_bytes(row) for row in block.transactions]) != header.receipt_root:
            yield "the receipts are not those of its header"
        if bloom(log for row in block.transactions for log in row.logs) != header.bloom:
            yield "the logs are not those of its header's bloom filter"
        used = 0
        for position, row in enumerate(block.transactions):
            used += row.gas
            for what in _row_wrong(row):
                yield f"transaction {position}: {what}"
            if row.cumulative != used:
                yield f"transaction {position}: the gas used does not add up"
        if header.gas_used != used:
            yield "the gas used is not that of its header"
        yield from self._places_wrong(block)

    def _places_wrong(self, block: Block) -> Iterator[str]:
        expected = [
            (row.hash, position)
            for position, row in enumerate(block.transactions)
            for _ in row.logs
        ]
        found = self._db.execute(
            "select number, tx, position from log where block=? order by number", (block.number,)
        ).fetchall()
        if found != [(number, *place) for number, place in enumerate(expected)]:
            yield "the logs are not numbered as its transactions made them"

    def _strays(self) -> Iterator[Finding]:
        for table in ("tx", "log"):
            row = self._db.execute(
                f"select block from {table} where block not in (select number from block)"  # noqa: S608  # our own words
            ).fetchone()
            if row is not None:
                yield Finding(row[0], f"the table {table} speaks of a block that is not there")


def _header_wrong(block: Block, parent: Any) -> Iterator[str]:
    if keccak(block.header) != block.hash:
        yield "the header does not have the block's hash"
    header = header_of(block.header)
    if parent is None:
        template = genesis_header(header.timestamp, header.state_root)
    else:
        template = next_header(parent, now=header.timestamp)
    expected = template.copy(
        state_root=header.state_root,
        transaction_root=header.transaction_root,
        receipt_root=header.receipt_root,
        bloom=header.bloom,
        gas_used=header.gas_used,
    )
    if expected != header:
        yield "the header does not follow its parent by the chain's rules"
    if header.timestamp != block.time:
        yield "the time is not that of its header"


def _row_wrong(row: TxRow) -> Iterator[str]:
    if keccak(row.raw) != row.hash:
        yield "the bytes do not have its hash"
    try:
        tx = signed(row.raw)
    except Refusal as refusal:
        yield refusal.message
        return
    transaction = decoded(row.raw)
    recipient = bytes(transaction.to) or None
    created = None
    if recipient is None:
        created = generate_contract_address(Address(tx.sender), transaction.nonce)
    expected = (tx.sender, recipient, transaction.nonce, created)
    if (row.sender, row.recipient, row.nonce, row.created) != expected:
        yield "sender, recipient, nonce or created contract are not those that it was signed for"

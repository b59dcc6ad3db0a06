"""Where raw logs come from: the embedded chain's file, or any JSON-RPC endpoint."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger.logs import Log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SPAN_LOGS = 5_000
"""About as many logs as are taken in at once."""


@dataclass(frozen=True, slots=True)
class RawLog(Log):
    """A log as a chain keeps it, with the hash of its block."""

    block_hash: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """All logs of some blocks, up to `last`, whose hash is given."""

    last: int
    last_hash: bytes
    logs: Sequence[RawLog]


class LogSource(Protocol):
    """A chain, as far as an index needs it."""

    def head(self) -> int:
        """Give the number of the latest block."""

    def hashes(self, numbers: Sequence[int]) -> list[bytes | None]:
        """Give the hashes of blocks; None for those that the chain does not have."""

    def spans(self, first: int, last: int) -> Iterator[Span]:
        """Give all logs from block `first` to `last`, in order, without a gap."""


class FileSource:
    """The embedded chain's file, read as it was when this was made: within it nothing moves.

    Raises
    ------
    LedgerUnavailableError
        The file cannot be read.
    """

    def __init__(self, path: Path, *, addresses: Iterable[str]) -> None:
        self._addresses = [bytes.fromhex(a.removeprefix("0x")) for a in addresses]
        try:
            self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
            self._db.execute("begin")
            self._head = self._db.execute("select max(number) from block").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise LedgerUnavailableError(
                f"the ledger's file cannot be read: {error}",
                path=path,
                hint="coopt ledger check says what is damaged",
            ) from error

    def head(self) -> int:
        """Give the number of the latest block."""
        return -1 if self._head is None else int(self._head)

    def hashes(self, numbers: Sequence[int]) -> list[bytes | None]:
        """Give the hashes of blocks."""
        rows = (
            self._db.execute("select hash from block where number=?", (n,)).fetchone()
            for n in numbers
        )
        return [None if row is None else bytes(row[0]) for row in rows]

    def spans(self, first: int, last: int) -> Iterator[Span]:
        """Give all logs; a span ends with a block."""
        if first > last:
            return
        marks = ",".join("?" * len(self._addresses))
        rows = self._db.execute(
            "select l.block, b.hash, l.tx, l.topic0, l.topic1, l.topic2, l.topic3, l.data"  # noqa: S608
            f" from log l join block b on b.number=l.block where l.address in ({marks})"
            " and l.block between ? and ? order by l.block, l.number",
            (*self._addresses, first, last),
        )
        logs: list[RawLog] = []
        for block, block_hash, tx, *topics, data in rows:
            if len(logs) >= SPAN_LOGS and block != logs[-1].block:
                yield Span(logs[-1].block, logs[-1].block_hash, logs)
                logs = []
            words = tuple([t for t in topics if t is not None])
            logs.append(RawLog(block, "0x" + tx.hex(), words, data, block_hash))
        (end,) = self.hashes([last])
        yield Span(last, end or b"", logs)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Node(Protocol):
    """What asks a JSON-RPC endpoint; see `transport.Transport`."""

    def call(self, method: str, *params: Any) -> Any:
        """Give a method's result."""

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Give the results of several."""

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Give (last block, its logs) for ranges as large as the endpoint takes."""


class NodeSource:
    """A JSON-RPC endpoint, which may change its mind about its latest blocks at any time."""

    def __init__(self, node: Node, *, addresses: Iterable[str]) -> None:
        self._node, self._addresses = node, tuple(addresses)

    def head(self) -> int:
        """Give the number of the latest block."""
        return int(self._node.call("eth_blockNumber"), 16)

    def hashes(self, numbers: Sequence[int]) -> list[bytes | None]:
        """Give the hashes of blocks, asked for at once."""
        requests = [("eth_getBlockByNumber", (hex(n), False)) for n in numbers]
        found = self._node.batch(requests)
        return [None if block is None else _bytes(block["hash"]) for block in found]

    def spans(self, first: int, last: int) -> Iterator[Span]:
        """Give all logs in ranges that the endpoint accepts."""
        for end, logs in self._node.logs(first, last, self._addresses):
            (end_hash,) = self.hashes([end])
            if end_hash is None:
                return  # the chain has become shorter: whoever asked looks at its head again
            yield Span(end, end_hash, [_raw(log) for log in logs])


def _raw(log: Any) -> RawLog:
    return RawLog(
        block=int(log["blockNumber"], 16),
        tx_hash=log["transactionHash"],
        topics=tuple([_bytes(t) for t in log["topics"]]),
        data=_bytes(log["data"]),
        block_hash=_bytes(log["blockHash"]),
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])

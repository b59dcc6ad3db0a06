"""Blocks as rows of the embedded chain's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.chainblock import Block, LogRow, TxRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence


def keep(db: sqlite3.Connection, block: Block) -> None:
    """Insert a block; within the file's `write`."""
    number = block.number
    db.execute("insert into block values(?,?,?,?)", (number, block.hash, block.time, block.header))
    txs: list[tuple[object, ...]] = []
    logs: list[tuple[object, ...]] = []
    for position, row in enumerate(block.transactions):
        txs.append(
            (
                *(row.hash, number, position, row.sender, row.recipient, row.nonce, row.raw),
                *(row.status, row.gas, row.cumulative, row.created),
            )
        )
        for log in row.logs:
            topics = (*log.topics, *(None,) * (4 - len(log.topics)))
            logs.append((number, len(logs), row.hash, log.address, *topics, log.data, position))
    db.executemany("insert into tx values(?,?,?,?,?,?,?,?,?,?,?)", txs)
    db.executemany("insert into log values(?,?,?,?,?,?,?,?,?,?)", logs)


def block(db: sqlite3.Connection, number: int) -> Block | None:
    """Give a block with its transactions and their logs, none if there is no such block."""
    head = db.execute("select hash, time, header from block where number=?", (number,)).fetchone()
    if head is None:
        return None
    logs: dict[int, list[LogRow]] = {}
    for position, address, *topics, data in db.execute(
        "select position, address, topic0, topic1, topic2, topic3, data from log where block=?"
        " order by number",
        (number,),
    ):
        kept = tuple(bytes(t) for t in topics if t is not None)
        logs.setdefault(position, []).append(LogRow(bytes(address), kept, bytes(data)))
    rows = db.execute(
        "select position, hash, sender, recipient, nonce, raw, status, gas, cumulative, created"
        " from tx where block=? order by position",
        (number,),
    )
    txs = tuple(_tx(row, logs.get(row[0], ())) for row in rows)
    return Block(number, head[0], head[1], head[2], txs)


def _tx(row: Sequence[Any], logs: Sequence[LogRow]) -> TxRow:
    return TxRow(
        hash=row[1],
        sender=row[2],
        recipient=row[3],
        nonce=row[4],
        raw=row[5],
        status=row[6],
        gas=row[7],
        cumulative=row[8],
        created=row[9],
        logs=tuple(logs),
    )


# Column → kind; those of _NULLABLE may be empty as well.
_KINDS = {
    "block": {"hash": "blob", "time": "integer", "header": "blob"},
    "tx": {
        **dict.fromkeys(("hash", "sender", "recipient", "raw", "created"), "blob"),
        **dict.fromkeys(("position", "nonce", "status", "gas", "cumulative"), "integer"),
    },
    "log": {
        **dict.fromkeys(("tx", "address", "data"), "blob"),
        **dict.fromkeys(("topic0", "topic1", "topic2", "topic3"), "blob"),
        **dict.fromkeys(("number", "position"), "integer"),
    },
}
_NULLABLE = {"recipient", "created", "topic0", "topic1", "topic2", "topic3"}


def has_foreign_kinds(db: sqlite3.Connection, number: int) -> bool:
    """Tell whether a block's rows hold text, nothing or empty bytes where they must not."""
    for table, kinds in _KINDS.items():
        tests = [
            f"typeof({name}) not in ('{kind}', '{'null' if name in _NULLABLE else kind}')"
            for name, kind in kinds.items()
        ]
        tests += ["length(raw)=0"] if table == "tx" else []
        place = "number" if table == "block" else "block"
        found = db.execute(
            f"select 1 from {table} where {place}=? and ({' or '.join(tests)})",  # noqa: S608  # our own words
            (number,),
        ).fetchone()
        if found is not None:
            return True
    return False


def header(db: sqlite3.Connection, number: int | None = None) -> bytes | None:
    """Give a block's encoded header, the latest by default; none if there is no such block."""
    if number is None:
        row = db.execute("select header from block order by number desc limit 1").fetchone()
    else:
        row = db.execute("select header from block where number=?", (number,)).fetchone()
    return None if row is None else bytes(row[0])


def hashes_before(db: sqlite3.Connection, number: int) -> Iterator[bytes]:
    """Give the hashes of the blocks before one, the nearest first; read when asked for."""
    # All at once: a statement left half read would keep this connection at an old state.
    rows = db.execute(
        "select hash from block where number<? order by number desc limit 256", (number,)
    ).fetchall()
    yield from (bytes(row[0]) for row in rows)


def number_of(db: sqlite3.Connection, block_hash: bytes) -> int | None:
    """Give a block's number by its hash."""
    row = db.execute("select number from block where hash=?", (block_hash,)).fetchone()
    return None if row is None else int(row[0])


def place_of(db: sqlite3.Connection, tx_hash: bytes) -> tuple[int, int] | None:
    """Give a transaction's block and its place there."""
    row = db.execute("select block, position from tx where hash=?", (tx_hash,)).fetchone()
    return None if row is None else (int(row[0]), int(row[1]))

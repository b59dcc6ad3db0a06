"""`eth_getLogs` of the embedded chain: filters of addresses and topics as SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger import rpcparams as read
from coopt_dag.ledger.chaintx import Refusal
from coopt_dag.ledger.rpcblocks import hexed, shown

if TYPE_CHECKING:
    from coopt_dag.ledger.rpc import EmbeddedProvider

MAX_LOGS = 100_000
"""An answer holds so many at most; a reader of more asks for ranges of blocks."""
MAX_CHOICES = 1000
_TOO_MANY = -32005
_UNKNOWN = -32000
_SELECT = (
    "select l.address, l.topic0, l.topic1, l.topic2, l.topic3, l.data, l.block, l.number, l.tx,"
    " l.position, b.hash, b.time from log l join block b on b.number = l.block where "
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which logs: by block, address and topics."""

    first: int
    last: int
    addresses: tuple[bytes, ...]
    topics: tuple[tuple[bytes, ...], ...]
    """For each place the topics that it may hold, none for any."""


def get_logs(provider: EmbeddedProvider, wanted: Any) -> list[dict[str, Any]]:
    """Give the logs that a filter lets through, in the chain's order.

    Raises
    ------
    Refusal
        The filter is not valid, its block unknown, or there are more than `MAX_LOGS`.
    """
    where, values = _sql(filter_of(provider, wanted))
    # the words of `where` are our own; values are bound
    query = f"{_SELECT}{where} order by l.block, l.number limit {MAX_LOGS + 1}"
    rows = provider.file.db.execute(query, values).fetchall()
    if len(rows) > MAX_LOGS:
        raise Refusal(_TOO_MANY, f"query returned more than {MAX_LOGS} results")
    return [_log(row) for row in rows]


def filter_of(provider: EmbeddedProvider, wanted: Any) -> Wanted:
    """Read a filter."""
    if not isinstance(wanted, dict):
        raise read.invalid(f"{wanted!r} is no filter")
    first, last = _range(provider, wanted)
    return Wanted(
        first,
        last,
        _choices(wanted.get("address"), read.address),
        tuple(_choices(topic, read.hash32) for topic in _topics(wanted)),
    )


def _range(provider: EmbeddedProvider, wanted: dict[str, Any]) -> tuple[int, int]:
    head = provider.file.head().height
    if wanted.get("blockHash") is not None:
        if wanted.get("fromBlock") is not None or wanted.get("toBlock") is not None:
            raise read.invalid("cannot specify both blockHash and fromBlock/toBlock, choose one")
        number = read.block_hash(wanted["blockHash"]).find(provider.file)
        if number is None:
            raise Refusal(_UNKNOWN, "unknown block")
        return number, number
    first, last = (read.block_number(wanted.get(bound)) for bound in ("fromBlock", "toBlock"))
    low = head if first.number is None else first.number
    high = head if last.number is None else last.number
    if last.number is not None and low > high:
        raise read.invalid("invalid block range params: fromBlock is after toBlock")
    return low, high


def _topics(wanted: dict[str, Any]) -> list[Any]:
    topics = read.numbers(wanted.get("topics") or [])
    if len(topics) > 4:
        raise read.invalid("a log has four topics at most")
    return topics


def _choices(value: Any, reader: Any) -> tuple[bytes, ...]:
    if value is None:
        return ()
    chosen = value if isinstance(value, list | tuple) else [value]
    if len(chosen) > MAX_CHOICES:
        raise read.invalid(f"more than {MAX_CHOICES} addresses or topics to choose from")
    if any(entry is None for entry in chosen):
        return ()  # as geth has it: nothing in a list of choices lets everything through
    return tuple(reader(entry) for entry in chosen)


def _sql(wanted: Wanted) -> tuple[str, list[Any]]:
    where = ["l.block between ? and ?"]
    values: list[Any] = [wanted.first, wanted.last]
    columns = [("l.address", wanted.addresses)]
    columns += [(f"l.topic{at}", allowed) for at, allowed in enumerate(wanted.topics)]
    for column, allowed in columns:
        if allowed:
            where.append(f"{column} in ({','.join('?' * len(allowed))})")
            values += allowed
    if wanted.topics:  # a filter of so many places only lets logs of as many topics through
        where.append(f"l.topic{len(wanted.topics) - 1} is not null")
    return " and ".join(where), values


def _log(row: Any) -> dict[str, Any]:
    return {
        "address": shown(row[0]),
        "topics": [hexed(topic) for topic in row[1:5] if topic is not None],
        "data": hexed(row[5]),
        "blockNumber": hex(row[6]),
        "logIndex": hex(row[7]),
        "transactionHash": hexed(row[8]),
        "transactionIndex": hex(row[9]),
        "blockHash": hexed(row[10]),
        "blockTimestamp": hex(row[11]),
        "removed": False,
    }

"""What a block is made of: its bytes, its Merkle roots and its bloom filters, from plain rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import rlp
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coopt_dag.ledger.chainrules import State

_FIRST_LEGACY_BYTE = 0xC0
_ONLY_LEAF = b"\x20\x80"  # hex prefix of the key rlp(0), Yellow Paper, appendix C


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log as it is kept: whose, its topics of 32 bytes, and its data."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class TxRow:
    """One transaction of a block, with what came of it."""

    hash: bytes
    sender: bytes
    recipient: bytes | None
    nonce: int
    raw: bytes
    status: int
    gas: int
    cumulative: int
    created: bytes | None
    logs: tuple[LogRow, ...]

    @property
    def type(self) -> int:
        """EIP-2718's type: 0 for a legacy transaction."""
        return type_of(self.raw)


@dataclass(frozen=True, slots=True)
class Block:
    """A header, encoded, and the transactions below it."""

    number: int
    hash: bytes
    time: int
    header: bytes
    transactions: tuple[TxRow, ...]


def type_of(raw: bytes) -> int:
    """Give a transaction's EIP-2718 type.

    Examples
    --------
    >>> type_of(bytes([2, 0xC0])), type_of(bytes([0xC0]))
    (2, 0)
    """
    return 0 if raw[0] >= _FIRST_LEGACY_BYTE else raw[0]


@lru_cache(maxsize=4096)
def _bits(word: bytes) -> int:
    digest = keccak(word)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def bloom(logs: Iterable[LogRow]) -> int:
    """Give the filter of 2048 bits in which every address and topic sets three.

    References
    ----------
    Ethereum Yellow Paper, 4.3.1, function M.

    Examples
    --------
    >>> bloom([])
    0
    >>> bloom([LogRow(bytes(20), (), b"")]).bit_count()
    3
    """
    found = 0
    for log in logs:
        found |= _bits(log.address)
        for topic in log.topics:
            found |= _bits(topic)
    return found


def receipt_bytes(row: TxRow) -> bytes:
    """Give a receipt as the receipts' trie holds it (EIP-658, EIP-2718)."""
    logs = [[log.address, list(log.topics), log.data] for log in row.logs]
    content = [
        b"\x01" if row.status else b"",
        row.cumulative,
        bloom(row.logs).to_bytes(256, "big"),
        logs,
    ]
    kind = row.type
    return (bytes([kind]) if kind else b"") + bytes(rlp.encode(content))


def root(items: Sequence[bytes]) -> bytes:
    """Give the Merkle-Patricia root of a list.

    Examples
    --------
    >>> root([]).hex()[:16]
    '56e81f171bcc55a6'
    """
    if len(items) == 1:  # one leaf, whose path is the key's two nibbles; most blocks have it
        return bytes(keccak(rlp.encode([_ONLY_LEAF, items[0]])))
    trie = HexaryTrie({})
    with trie.squash_changes() as batch:
        for index, item in enumerate(items):
            batch[rlp.encode(index)] = item
    return bytes(trie.root_hash)


def sealed(header: Any, state: State, rows: Sequence[TxRow]) -> Block:
    """Close a block: write its accounts, and fill in what its header says of its content."""
    state.persist()
    logs = [log for row in rows for log in row.logs]
    closed = header.copy(
        state_root=state.state_root,
        transaction_root=root([row.raw for row in rows]),
        receipt_root=root([receipt_bytes(row) for row in rows]),
        bloom=bloom(logs),
        gas_used=rows[-1].cumulative if rows else 0,
    )
    encoded = bytes(rlp.encode(closed))
    return Block(closed.block_number, keccak(encoded), closed.timestamp, encoded, tuple(rows))


def block_bytes(header: bytes, raws: Iterable[bytes]) -> bytes:
    """Give a block as `geth export` writes it: header, transactions, no uncles, no withdrawals."""
    transactions = [raw if type_of(raw) else rlp.decode(raw) for raw in raws]
    return bytes(rlp.encode([rlp.decode(header), transactions, [], []]))


def block_parts(encoded: bytes) -> tuple[bytes, list[bytes]]:
    """Give a block's header and transactions, encoded.

    Raises
    ------
    ValueError
        These bytes are no block of ours.
    """
    parts = rlp.decode(encoded)
    if not isinstance(parts, list) or len(parts) != 4 or parts[2:] != [[], []]:
        raise ValueError("a block has a header, transactions, no uncles and no withdrawals")
    raws = [bytes(t if isinstance(t, bytes) else rlp.encode(t)) for t in parts[1]]
    return bytes(rlp.encode(parts[0])), raws

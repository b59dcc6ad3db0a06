"""Are the accounts of a block whole? A walk through all trie nodes below its state root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rlp
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3
from eth.rlp.accounts import Account
from eth_hash.auto import keccak

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


def damaged_nodes(db: sqlite3.Connection, root: bytes) -> Iterator[str]:
    """Say which nodes and codes of the accounts below a state root are lost or altered."""
    accounts = _Walk(db)
    yield from accounts.damage(root)
    storages, codes = _Walk(db), _Walk(db)
    for value in accounts.leaves:
        account = rlp.decode(value, sedes=Account)
        yield from storages.damage(account.storage_root)
        if account.code_hash != EMPTY_SHA3:
            codes.read(account.code_hash)
    yield from (f"the code {key.hex()} {what}" for key, what in codes.bad)


class _Walk:
    """Reads values that have their key's hash, and remembers the trie's leaves."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.leaves: list[bytes] = []
        self.bad: list[tuple[bytes, str]] = []

    def read(self, key: bytes) -> bytes | None:
        """Give a value; note it, if it is lost or altered."""
        row = self._db.execute("select value from state where key=?", (key,)).fetchone()
        if row is None:
            self.bad.append((key, "is lost"))
        elif keccak(row[0]) != key:
            self.bad.append((key, "was altered"))
        else:
            return bytes(row[0])
        return None

    def damage(self, root: bytes) -> Iterator[str]:
        """Say which nodes below a root are not whole."""
        self.leaves, self.bad = [], []
        todo = [] if root == BLANK_ROOT_HASH else [root]
        while todo:
            encoded = self.read(todo.pop())
            if encoded is None:
                continue
            for leaf, value in _below(rlp.decode(encoded)):
                (self.leaves if leaf else todo).append(value)
        yield from (f"the state's node {key.hex()} {what}" for key, what in self.bad)


def _below(node: Any) -> Iterator[tuple[bool, bytes]]:
    """Give what a trie's node refers to: (False, hash of a node), (True, value of a leaf).

    References
    ----------
    Ethereum Yellow Paper, appendix D.
    """
    if len(node) == 17:
        for child in node[:16]:
            yield from _child(child)
        if node[16]:
            yield True, node[16]
    elif node[0][0] & 0x20:  # the flag of a leaf, else it is an extension
        yield True, node[1]
    else:
        yield from _child(node[1])


def _child(child: Any) -> Iterator[tuple[bool, bytes]]:
    if isinstance(child, list):
        yield from _below(child)  # a node of less than 32 bytes lies in its parent
    elif child:
        yield False, child

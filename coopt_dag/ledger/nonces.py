"""Whose turn it is: the next nonce of an address, for many threads and processes with one key."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from coopt_dag.errors import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.ledger.node import Node


def locks_folder() -> Path:
    """Give the user's folder of locks; all of a user's processes share it."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "coopt" / "nonces"


@dataclass(slots=True)
class Turn:
    """The turn of one sender: nobody else with this key sends until it ends."""

    nonce: int
    sent: str | None = None
    """Hash of what was sent under the nonce; None gives the nonce back."""


class Nonces:
    """Gives out nonces of one chain.

    The node's own count of what waits is right as long as the node has seen everything that was
    sent; behind one address there may be several nodes, some of which have not. So the last
    transaction that anybody here sent is remembered, and counts as long as some node knows it.
    If none does, it was dropped, and its nonce is the next one: a gap would hold up all after it.
    """

    def __init__(self, node: Node, *, chain_id: int, folder: Path | None = None) -> None:
        self._node, self._chain_id = node, chain_id
        self._folder = folder or locks_folder()

    @contextmanager
    def turn(self, address: str) -> Iterator[Turn]:
        """Give the next nonce, and hold everybody else with this address off."""
        # flock is about the open file, so that threads keep each other out as processes do;
        # the system lets go of it when a process dies
        with self._open(address) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            turn = Turn(self._next(address, file.read()))
            yield turn
            if turn.sent is not None:
                file.seek(0)
                file.truncate()
                json.dump({"hash": turn.sent, "nonce": turn.nonce}, file)

    def _open(self, address: str) -> IO[str]:
        path = self._folder / f"{self._chain_id}-{address.lower()}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        except OSError as error:
            raise LedgerUnavailableError(
                f"the note of the last nonce cannot be kept: {error.strerror}",
                path=path,
                hint="let $XDG_CACHE_HOME name a folder that you can write to",
            ) from error

    def _next(self, address: str, remembered: str) -> int:
        waiting = int(self._node.call("eth_getTransactionCount", address, "pending"), 16)
        last = _last(remembered)
        if last is None or last[0] < waiting:
            return waiting
        known = self._node.call("eth_getTransactionByHash", last[1])
        return waiting if known is None else last[0] + 1


def _last(remembered: str) -> tuple[int, str] | None:
    """Read what was sent last; half a note of a killed process is none."""
    try:
        found = json.loads(remembered)
        return int(found["nonce"]), str(found["hash"])
    except (ValueError, KeyError, TypeError):
        return None

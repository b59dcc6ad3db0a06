"""Proof that our client and a user's own node understand each other, with a few kilobytes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentMissingError, CooptError, IntegrityError, NodeUnavailableError
from coopt_dag.store.car import frame, header
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.remote.bundle import bundle
from coopt_dag.store.remote.kubo import KuboStore
from coopt_dag.store.remote.rpc import Multipart

if TYPE_CHECKING:
    from collections.abc import Callable

_MANY = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was tried, whether it went as it should, what was seen, and a next move."""

    what: str
    ok: bool
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What every check gets: two clients of the node, and blocks that nobody else has."""

    store: KuboStore
    other: KuboStore
    token: bytes

    def block(self, number: int, *, size: int = 256) -> bytes:
        """Give a block of this trial, the same one for the same number."""
        seed = hashlib.sha256(self.token + number.to_bytes(4, "big")).digest()
        return (seed * (size // 32 + 1))[:size]

    def folder(self, first: int, count: int) -> tuple[CID, dict[CID, bytes]]:
        """Give a folder of blocks: its root, and every block of it."""
        blocks = [self.block(first + n) for n in range(count)]
        leaves = {CID.of(block, Codec.RAW): block for block in blocks}
        folders = bundle(list(leaves))
        return folders[-1][0], {**leaves, **dict(folders)}

    def send(self, blocks: dict[CID, bytes]) -> None:
        """Put blocks as one batch."""
        with self.store.batch() as put:
            for cid, block in blocks.items():
                put(block, cid.codec)


def selftest(api: str, *, timeout_s: float = 30, token: bytes | None = None) -> list[Row]:
    """Try everything that we ask of a node; leave no pin and no root behind.

    Parameters
    ----------
    api : str
        URL or multiaddr of the node's RPC.
    timeout_s : float
        Longest silence of the node.
    token : bytes
        Makes the content of this trial; random if absent.

    Returns
    -------
    list of Row
        In the order of trial; only the first if the node does not answer at all.

    Examples
    --------
    >>> [(row.what, row.ok) for row in selftest("http://127.0.0.1:9")]
    [('version', False)]
    """
    warnings: list[str] = []
    with (
        KuboStore(api, timeout_s=timeout_s, search_s=2, tell=warnings.append) as store,
        KuboStore(api, timeout_s=timeout_s, search_s=2) as other,
    ):
        trial = Trial(store, other, token or secrets.token_bytes(16))
        rows = [_row("version", _version, trial)]
        if not rows[0].ok:
            return rows
        rows += [_row(what, check, trial) for what, check in _CHECKS]
    return [*rows, Row("no warnings", not warnings, "; ".join(warnings) or "none")]


def _row(what: str, check: Callable[[Trial], str], trial: Trial) -> Row:
    try:
        return Row(what, True, check(trial))
    except CooptError as error:
        return Row(what, False, str(error), error.hint)


def _expect(true: bool, otherwise: str) -> None:
    if not true:
        raise CooptError(otherwise)


def _version(trial: Trial) -> str:
    return f"{trial.store.version()}, keeps {trial.store.size_bytes()} bytes"


def _import(trial: Trial) -> str:
    root, blocks = trial.folder(0, 3)
    trial.send(blocks)
    _expect(trial.store.get(root) == blocks[root], f"{root} came back as other bytes")
    return f"{root} came back byte for byte"


def _get(trial: Trial) -> str:
    cid = trial.store.put(trial.block(10, size=1 << 20), Codec.RAW)
    _expect(trial.store.has(cid), f"{cid} was put but the node says it is absent")
    trial.store.get(cid)
    absent = CID.of(trial.block(11), Codec.RAW)
    _expect(not trial.store.has(absent), f"the node claims to have {absent}, which nobody has")
    try:
        trial.store.get(absent)
    except ContentMissingError:
        return "a block of 1 MiB verified; an absent one is said to be absent"
    raise CooptError(f"the node gave something for {absent}, which nobody has")


def _batch(trial: Trial) -> str:
    _, blocks = trial.folder(1000, _MANY)
    trial.send(blocks)
    there = [trial.store.has(cid) for cid in list(blocks)[:: _MANY // 5]]
    _expect(all(there), "blocks of a batch are absent after it was acknowledged")
    return f"{len(blocks)} blocks in one request"


def _pins(trial: Trial) -> str:
    root, blocks = trial.folder(2000, 3)
    trial.send(blocks)
    trial.store.pin(root)
    _expect(root in trial.store.pins(), f"{root} was pinned but is not listed")
    trial.store.unpin(root)
    _expect(root not in trial.store.pins(), f"{root} was unpinned but is still listed")
    trial.store.unpin(root)
    return "pinned, listed, unpinned, unpinned again"


def _roots(trial: Trial) -> str:
    name = f"selftest-{trial.token.hex()[:16]}"
    with trial.store.batch() as put:
        first, one, two = (put(trial.block(3000 + n), Codec.RAW) for n in range(3))
    try:
        trial.store.move(name, frozenset(), first)
        trial.store.move(name, frozenset({first}), one)
        trial.other.move(name, frozenset({first}), two)  # read before the first had moved on
        found = trial.store.heads(name)
        _expect(found == {one, two}, f"of two writers' heads these are left: {_text(found)}")
        trial.store.move(name, found, one)
        _expect(trial.other.heads(name) == {one}, "a merged head is still there")
    finally:
        trial.store.move(name, frozenset({first, one, two}), None)
    _expect(not trial.store.heads(name), "heads are left after the last was removed")
    trial.store.forget(name)
    return "two writers: both heads kept, then merged, then removed"


def _export(trial: Trial) -> str:
    dags = [trial.folder(4000 + 10 * n, 5) for n in range(20)]
    wanted = {cid for _, blocks in dags for cid in blocks}
    for _, blocks in dags:
        trial.send(blocks)
    got = {cid for cid, _ in trial.store.export([root for root, _ in dags])}
    _expect(got == wanted, f"{len(wanted)} blocks were asked for, {len(got)} came")
    return f"{len(dags)} folders, {len(got)} blocks in one answer"


def _wrong_hash(trial: Trial) -> str:
    cid, rpc = CID.of(trial.block(5000), Codec.RAW), trial.store.rpc
    car = header([cid]) + frame(cid, trial.block(5001))
    seen = "the node refuses it"
    try:
        rpc.call("dag/import", options={"pin-roots": "false"}, body=Multipart([car], len(car)))
        seen = "the node took it (it does not verify), our reader refuses it"
    except NodeUnavailableError as error:
        _expect(bool(error.answer), str(error))
    try:
        trial.store.get(cid)
    except (ContentMissingError, IntegrityError):
        return f"bytes under a wrong CID: {seen}"
    finally:
        rpc.call("block/rm", str(cid), options={"force": "true", "quiet": "true"})
    raise CooptError(f"bytes under the wrong CID {cid} were believed")


def _text(cids: frozenset[CID]) -> str:
    return ", ".join(sorted(map(str, cids))) or "none"


_CHECKS: list[tuple[str, Callable[[Trial], str]]] = [
    ("import a CAR, compare its root", _import),
    ("get and has", _get),
    ("batch", _batch),
    ("pins: add, ls, rm", _pins),
    ("roots: two writers", _roots),
    ("export many", _export),
    ("wrong hash", _wrong_hash),
]

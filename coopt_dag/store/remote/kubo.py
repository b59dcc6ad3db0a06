"""A store in an IPFS node that speaks Kubo's RPC; what the node says is believed by hash only."""

from __future__ import annotations

import contextlib
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentMissingError, IntegrityError, NodeUnavailableError
from coopt_dag.store.car import read_car
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits
from coopt_dag.store.pins import as_v1
from coopt_dag.store.protocol import MAX_BLOCK_BYTES, check_hash, missing
from coopt_dag.store.remote import mfs
from coopt_dag.store.remote.answers import (
    check_same,
    first,
    linked,
    node_cid,
    pinned,
    says_no_block,
    says_not_pinned,
)
from coopt_dag.store.remote.bundle import bundle
from coopt_dag.store.remote.holding import Held
from coopt_dag.store.remote.lineage import below
from coopt_dag.store.remote.pace import Incoming
from coopt_dag.store.remote.rpc import Multipart, Rpc
from coopt_dag.store.remote.trouble import not_one
from coopt_dag.store.remote.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.protocol import Put

_LONG = 10  # times `timeout_s`: imports and pins walk whole DAGs before they answer
_OLDEST = (0, 12)


class KuboStore:
    """Blocks, pins and named roots of one node.

    A batch is one dag/import of one CAR. The node pins it in the same breath, by a folder made
    for this batch alone, so that no collection can take it before its user keeps it: when all
    roots of the batch are pinned, named, or linked by a later batch, that pin is taken away, and
    those left over when the store is closed. No pin that was there before is ever touched. A
    process killed in between leaves a pin behind: space, never content, is lost.

    Named roots (ADR 0018): without compare-and-swap on the node, every writer adds a head of its
    own and takes away only those that it has merged, so `move` always succeeds.

    Parameters
    ----------
    api : str
        URL or multiaddr of the RPC, e.g. ``http://127.0.0.1:5001``.
    timeout_s : float
        Longest silence of the node; imports and pins may take ten times as long.
    search_s : float
        How long a node may look for a block that it does not hold. We ask to look at home only;
        js-ipfs does not know that option and searches until this time is up.
    tell : callable
        Hears warnings, such as of an old node.

    Examples
    --------
    >>> with KuboStore("http://127.0.0.1:9") as store:
    ...     store.pins()
    Traceback (most recent call last):
    coopt_dag.errors.NodeUnavailableError: http://127.0.0.1:9: cannot be reached: ...
    """

    def __init__(
        self,
        api: str,
        *,
        timeout_s: float = 60,
        search_s: float = 3,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.rpc = Rpc(api, timeout_s=timeout_s)
        self.place = self.rpc.place
        self._long_s = timeout_s * _LONG
        self._home = {"offline": "true", "timeout": f"{int(search_s * 1000)}ms"}
        self._tell = tell or (lambda _: None)
        self._held = Held()

    def __enter__(self) -> KuboStore:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go what was held for this store, and close the connections."""
        self.close()

    def close(self) -> None:
        """Let go what was held for this store, and close the connections."""
        with contextlib.suppress(NodeUnavailableError):  # gone: its pins stay, which is safe
            self._release(self._held.all())
        self.rpc.close()

    def version(self) -> str:
        """Give the node's version; an old one is told, never refused."""
        found = str(first(self.rpc.call("version")).get("Version", ""))
        if _numbers(found) < _OLDEST:
            self._tell(
                f"{self.place}: its version is '{found[:40]}'; we know Kubo 0.12 and later. "
                "Going on; `coopt ipfs selftest --api URL` shows what works."
            )
        return found

    def size_bytes(self) -> int:
        """Give how much the node says it keeps."""
        found = first(self.rpc.call("repo/stat", options={"size-only": "true"})).get("RepoSize")
        if not str(found).isdecimal():
            raise not_one(self.place, "repo/stat", 200, f"RepoSize {found}", hint="")
        return int(str(found))

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block and name it."""
        with self.batch() as put:
            return put(block, codec)

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified."""
        try:
            with self.rpc.stream(
                "block/get", str(cid), options=self._home, most=MAX_BLOCK_BYTES
            ) as pieces:
                block = b"".join(pieces)
        except NodeUnavailableError as error:
            if says_no_block(error):
                raise missing(cid, place=self.place) from error
            raise
        check_hash(cid, block, place=self.place)
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the node says that it holds the block."""
        try:
            found = self.rpc.call("block/stat", str(cid), options=self._home)
        except NodeUnavailableError as error:
            if says_no_block(error):
                return False
            raise
        check_same(cid, first(found).get("Key"), what="block", place=self.place)
        return True

    @contextmanager
    def batch(self) -> Iterator[Put]:
        """Keep many blocks as one request; any number of batches may be open at once.

        Raises
        ------
        IntegrityError
            The node names another root, or gives other bytes for it: it is not to be trusted.
        """
        with Upload() as upload:
            yield upload.put
            if roots := upload.roots():
                self._send(upload, roots)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Let nothing that is written meanwhile be collected: every batch is held anyway."""
        yield

    def export(
        self, roots: Sequence[CID], *, limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[tuple[CID, bytes]]:
        """Give every block at or below the roots once, verified, in one request for all of them.

        Raises
        ------
        ContentMissingError
            The node lacks a block; those before it have been given.
        IntegrityError, ContentRefusedError
            The node sends other bytes, or blocks that nothing leads to.
        """
        roots = list(dict.fromkeys(roots))
        folders = bundle(roots) if len(roots) > 1 else []
        for cid, block in folders:
            self._put_alone(cid, block)
        inner = {cid.digest for cid, _ in folders}
        for top in [folders[-1][0]] if folders else roots:
            for cid, block in self._export(top, limits):
                if cid.digest not in inner:
                    yield cid, block

    def pin(self, cid: CID) -> None:
        """Keep a DAG."""
        options = {
            "recursive": "true",
            "offline": "true",
            "timeout": f"{int(self._long_s * 1000)}ms",
        }
        if not self.has(cid):
            raise missing(cid, place=self.place)
        try:
            self.rpc.call("pin/add", str(cid), options=options, timeout_s=self._long_s + 5)
        except NodeUnavailableError as error:
            if says_no_block(error):
                raise ContentMissingError(
                    f"{cid} is not whole, so it was not pinned: {error.answer}.",
                    hint="add the original file or folder again, then pin it.",
                    path=self.place,
                ) from error
            raise
        self._release(self._held.kept({cid.digest}))

    def unpin(self, cid: CID) -> None:
        """Let a DAG go at the node's next collection."""
        try:
            self.rpc.call("pin/rm", str(cid), options={"recursive": "true"})
        except NodeUnavailableError as error:
            if not says_not_pinned(error):
                raise

    def pins(self) -> frozenset[CID]:
        """Give the pinned roots; those of kinds that we do not keep (dag-cbor …) are left out."""
        found = self.rpc.call("pin/ls", options={"type": "recursive"})
        names = [name for answer in found for name in pinned(answer)]
        return frozenset(as_v1(cid) for cid in map(node_cid, names) if cid) - self._held.pins()

    def heads(self, name: str) -> frozenset[CID]:
        """Give the present heads of a name."""
        return mfs.read_heads(self.rpc, name)

    def move(self, name: str, old: frozenset[CID], new: CID | None) -> bool:
        """Add the head `new`, then take away those of `old`; killed in between, both are there.

        Returns
        -------
        bool
            True: other writers' heads stay beside ours, so there is no race to lose.
        """
        if new is not None:
            mfs.add_head(self.rpc, name, new, options=self._home)
            self._release(self._held.kept({new.digest}))
        for cid in sorted(old - {new}):
            mfs.remove_head(self.rpc, name, cid)
        return True

    def forget(self, name: str) -> None:
        """Take the folder of a name away; its heads, if any are left, go with it."""
        mfs.remove_name(self.rpc, name)

    def _send(self, upload: Upload, roots: list[CID]) -> None:
        folders = bundle(roots, token=b"coopt batch " + secrets.token_bytes(16))
        holder, _ = folders[-1]
        self._held.add(holder, roots)  # before the request: a broken one may have pinned it
        answers = self.rpc.call(
            "dag/import",
            options={"pin-roots": "true", "allow-big-block": "true"},
            body=upload.car(holder, folders),
            timeout_s=self._long_s,
        )
        named = [item["Root"] for item in answers if isinstance(item.get("Root"), dict)]
        if not named:
            raise IntegrityError(
                f"the node names no root, but {holder} was sent.",
                hint="the node is faulty; nothing was acknowledged: use another.",
                path=self.place,
            )
        for root in named:
            check_same(holder, linked(root.get("Cid")), what="root", place=self.place)
        self.get(holder)  # verified: the node not only named the root, it holds our bytes
        if trouble := next(filter(None, (root.get("PinErrorMsg") for root in named)), None):
            self._tell(f"{self.place}: the batch is there but not held: {trouble}")
        else:  # earlier batches that this one links are held by it
            self._release(self._held.kept(upload.linked))

    def _export(self, top: CID, limits: Limits) -> Iterator[tuple[CID, bytes]]:
        options = {"offline": "true", "progress": "false"}
        try:
            with self.rpc.stream("dag/export", str(top), options=options) as pieces:
                car = read_car(Incoming(pieces), limits=limits)
                if [root.digest for root in car.roots] != [top.digest]:
                    first = str(car.roots[0]) if car.roots else "nothing"
                    check_same(top, first, what="exported root", place=self.place)
                yield from below([top], car.frames(), place=self.place, limits=limits)
        except NodeUnavailableError as error:
            if says_no_block(error):
                raise missing(top, place=f"{self.place} ({error.answer})") from error
            raise

    def _put_alone(self, cid: CID, block: bytes) -> None:
        found = self.rpc.call(
            "block/put",
            options={"cid-codec": "dag-pb", "mhtype": "sha2-256", "pin": "false"},
            body=Multipart([block], len(block)),
        )
        check_same(cid, first(found).get("Key"), what="block", place=self.place)

    def _release(self, pins: list[CID]) -> None:
        for pin in pins:
            self.unpin(pin)


def _numbers(version: str) -> tuple[int, ...]:
    """Read '0.22.0-rc1' as (0, 22); what is no version counts as very old."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(p.isdigit() for p in parts) else (0,)

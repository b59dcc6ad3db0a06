"""A store over a ready `ipfshttpclient.Client`, for those who have one (extra `ipfshttpclient`)."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coopt_dag.errors import NodeUnavailableError, UsageError
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.pins import as_v1
from coopt_dag.store.protocol import check_hash, check_size, missing
from coopt_dag.store.remote.answers import (
    check_same,
    node_cid,
    pinned,
    says_no_block,
    says_not_pinned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from coopt_dag.store.protocol import Put

_EXTRA = "install it: pip install 'coopt-dag[ipfshttpclient]'; `KuboStore` needs no extra."


class ClientStore:
    """Blocks and pins of the node that a client of that library speaks to.

    Make the client by its constructor, ``ipfshttpclient.Client(address)``: `connect()` refuses
    every Kubo from 0.8 on. The library has no dag/import, so a batch is one request a block, and
    the node's collection may take it until it is pinned; `KuboStore` is faster and safer.

    Parameters
    ----------
    client : ipfshttpclient.Client
        Stays yours: it is not closed here.
    timeout_s, search_s : float
        As for `KuboStore`.

    Examples
    --------
    >>> ClientStore("http://127.0.0.1:5001")
    Traceback (most recent call last):
    coopt_dag.errors.UsageError: a str is no ipfshttpclient.Client.
    """

    def __init__(self, client: Any, *, timeout_s: float = 60, search_s: float = 3) -> None:
        try:
            import ipfshttpclient
        except ImportError as error:
            raise UsageError("the library ipfshttpclient is not here.", hint=_EXTRA) from error
        if not isinstance(client, ipfshttpclient.Client):
            raise UsageError(
                f"a {type(client).__name__} is no ipfshttpclient.Client.",
                hint="make one by its constructor: ipfshttpclient.Client(address).",
            )
        self._client = client
        self._errors = ipfshttpclient.exceptions
        self._timeout_s = timeout_s
        self._home = {"offline": "true", "timeout": f"{int(search_s * 1000)}ms"}
        self.place = "ipfshttpclient"

    def put(self, block: bytes, codec: Codec) -> CID:
        """Keep a block and name it."""
        check_size(block)
        cid = CID.of(block, codec)
        name = "raw" if codec == Codec.RAW else "dag-pb"
        answer = self._ask(
            self._client.block.put,
            io.BytesIO(block),
            options={"cid-codec": name, "mhtype": "sha2-256", "pin": "false"},
        )
        check_same(cid, answer.get("Key"), what="block", place=self.place)
        return cid

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified."""
        try:
            block: bytes = self._ask(self._client.block.get, str(cid), options=self._home)
        except NodeUnavailableError as error:
            if says_no_block(error):
                raise missing(cid, place=self.place) from error
            raise
        check_hash(cid, block, place=self.place)
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the node says that it holds the block."""
        try:
            answer = self._ask(self._client.block.stat, str(cid), options=self._home)
        except NodeUnavailableError as error:
            if says_no_block(error):
                return False
            raise
        check_same(cid, answer.get("Key"), what="block", place=self.place)
        return True

    @contextmanager
    def batch(self) -> Iterator[Put]:
        """Keep many blocks, sent when the context ends, in the order in which they were put.

        If the node fails halfway, blocks without a parent may stay; it collects them.
        """
        staged: dict[CID, bytes] = {}

        def put(block: bytes, codec: Codec) -> CID:
            check_size(block)
            cid = CID.of(block, codec)
            staged.setdefault(cid, bytes(block))
            return cid

        yield put
        for cid, block in staged.items():
            self.put(block, cid.codec)

    def pin(self, cid: CID) -> None:
        """Keep a DAG."""
        if not self.has(cid):
            raise missing(cid, place=self.place)
        try:
            self._ask(self._client.pin.add, str(cid), options={"offline": "true"})
        except NodeUnavailableError as error:
            if says_no_block(error):
                raise missing(cid, place=f"{self.place} ({error.answer})") from error
            raise

    def unpin(self, cid: CID) -> None:
        """Let a DAG go at the node's next collection."""
        try:
            self._ask(self._client.pin.rm, str(cid))
        except NodeUnavailableError as error:
            if not says_not_pinned(error):
                raise

    def pins(self) -> frozenset[CID]:
        """Give the pinned roots of the kinds that we keep."""
        answer = self._ask(self._client.pin.ls, options={"type": "recursive"})
        return frozenset(as_v1(cid) for cid in map(node_cid, pinned(answer)) if cid)

    def _ask(
        self, method: Callable[..., Any], *args: Any, options: Mapping[str, str] | None = None
    ) -> Any:
        try:
            return method(*args, opts=dict(options or {}), timeout=self._timeout_s)
        except self._errors.ErrorResponse as error:
            raise NodeUnavailableError(
                f"the node refuses: {error}.",
                hint="that is the node's own word; its log says more.",
                path=self.place,
                answer=str(error),
            ) from error
        except self._errors.Error as error:
            raise NodeUnavailableError(
                f"the node does not answer as one: {error}.",
                hint="see whether it runs, and whether the client has its address.",
                path=self.place,
            ) from error

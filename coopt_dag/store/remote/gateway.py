"""Reading from any HTTP gateway, public ones too: every byte is verified here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from coopt_dag.errors import ContentMissingError, NodeUnavailableError, UsageError
from coopt_dag.store.car import read_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.limits import DEFAULT_LIMITS, Limits
from coopt_dag.store.protocol import MAX_BLOCK_BYTES, check_hash, missing
from coopt_dag.store.remote.address import LOOPBACK, base_url, shown
from coopt_dag.store.remote.lineage import below
from coopt_dag.store.remote.pace import Incoming, paced
from coopt_dag.store.remote.rpc import CONNECT_S
from coopt_dag.store.remote.trouble import network_trouble, not_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from coopt_dag.store.protocol import Put

_RAW = "application/vnd.ipld.raw"
_CAR = "application/vnd.ipld.car"
_REDIRECTS = 4
_ABSENT = (404, 410, 504)  # 504: the gateway searched the network and found nobody
_UNREACHABLE = "check the address and your connection, or name another gateway."
_NOT_GATEWAY = (
    "the address must be that of a trustless gateway, one that answers /ipfs/CID?format=raw; "
    "`coopt ipfs serve` is one, a node's RPC (port 5001) is not."
)


class GatewayStore:
    """Blocks of a trustless gateway: read, verified, never written.

    Parameters
    ----------
    url : str
        Front of the address; `/ipfs/CID` is added.
    timeout_s : float
        Longest silence.

    Examples
    --------
    >>> with GatewayStore("http://127.0.0.1:9") as store:
    ...     store.put(b"hits", Codec.RAW)
    Traceback (most recent call last):
    coopt_dag.errors.UsageError: http://127.0.0.1:9: a gateway is for reading only.

    References
    ----------
    IPFS specification "Trustless Gateway", sections 2 and 5.
    """

    def __init__(self, url: str, *, timeout_s: float = 60) -> None:
        self._url = base_url(url)
        self.place = shown(self._url)
        self._timeout_s = timeout_s
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            follow_redirects=False,
            trust_env=urlsplit(self._url).hostname not in LOOPBACK,
        )

    def __enter__(self) -> GatewayStore:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections; none is opened before the first read."""
        self._client.close()

    def put(self, block: bytes, codec: Codec) -> CID:  # noqa: ARG002
        """Refuse."""
        raise self._read_only()

    def batch(self) -> AbstractContextManager[Put]:
        """Refuse."""
        raise self._read_only()

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified; an answer longer than any block is cut off and refused."""
        query = {"format": "raw"}
        with self._asking("GET", cid, query, accept=_RAW, most=MAX_BLOCK_BYTES) as pieces:
            block = b"".join(pieces)
        check_hash(cid, block, place=self.place)
        return block

    def has(self, cid: CID) -> bool:
        """Tell whether the gateway says that it has, or can find, the block."""
        try:
            with self._asking("HEAD", cid, {"format": "raw"}, accept=_RAW, most=0):
                return True
        except ContentMissingError:
            return False

    def export(
        self, roots: Sequence[CID], *, limits: Limits = DEFAULT_LIMITS
    ) -> Iterator[tuple[CID, bytes]]:
        """Give every block at or below the roots once, verified: one request a root.

        Raises
        ------
        ContentMissingError
            The gateway lacks a block, or broke off; those before it have been given.
        IntegrityError, ContentRefusedError
            Other bytes than asked for, or blocks that nothing leads to.
        """
        seen: set[bytes] = set()
        for root in dict.fromkeys(roots):
            for cid, block in self._dag(root, limits):
                if cid.digest not in seen:
                    seen.add(cid.digest)
                    yield cid, block

    def _dag(self, root: CID, limits: Limits) -> Iterator[tuple[CID, bytes]]:
        if root.codec == Codec.RAW:
            yield root, self.get(root)
            return
        query = {"format": "car", "dag-scope": "all"}
        accept = f"{_CAR}; version=1; order=dfs; dups=n"
        with self._asking("GET", root, query, accept=accept, most=None) as pieces:
            car = read_car(Incoming(pieces), limits=limits)
            yield from below([root], car.frames(), place=self.place, limits=limits)

    @contextmanager
    def _asking(
        self, method: str, cid: CID, query: dict[str, str], *, accept: str, most: int | None
    ) -> Iterator[Iterator[bytes]]:
        what = f"{method} /ipfs/{cid}"
        with network_trouble(self.place, what, timeout_s=self._timeout_s, next_move=_UNREACHABLE):
            request = self._client.build_request(
                method, f"{self._url}/ipfs/{cid}", params=query, headers={"Accept": accept}
            )
            response = self._follow(request, what)
            try:
                self._check(response, cid, what)
                yield paced(
                    response.iter_bytes(),
                    place=self.place,
                    what=what,
                    timeout_s=self._timeout_s,
                    most_bytes=most,
                )
            finally:
                response.close()

    def _follow(self, request: httpx.Request, what: str) -> httpx.Response:
        """Follow a few redirects (gateways move to subdomains), never from https to http."""
        for _ in range(_REDIRECTS + 1):
            response = self._client.send(request, stream=True)
            if response.next_request is None:
                return response
            response.close()
            if request.url.scheme == "https" and response.next_request.url.scheme != "https":
                break
            request = response.next_request
        raise NodeUnavailableError(
            f"answers {what} with redirects beyond reason: too many, or away from https.",
            hint=_NOT_GATEWAY,
            path=self.place,
        )

    def _check(self, response: httpx.Response, cid: CID, what: str) -> None:
        status, kind = response.status_code, response.headers.get("content-type", "")
        if status in _ABSENT:
            raise missing(cid, place=self.place)
        if status == 429:
            wait = response.headers.get("retry-after", "a while")[:40]
            raise NodeUnavailableError(
                "the gateway has had too many requests.",
                hint=f"wait ({wait} s), or name another gateway.",
                path=self.place,
                answer="HTTP 429",
            )
        if status != 200 or kind.startswith("text/html"):
            raise not_one(self.place, what, status, kind, hint=_NOT_GATEWAY)

    def _read_only(self) -> UsageError:
        return UsageError(
            "a gateway is for reading only.",
            hint="write to the local store (`coopt ipfs add`) or to a node ([ipfs] api in "
            "coopt.toml).",
            path=self.place,
        )

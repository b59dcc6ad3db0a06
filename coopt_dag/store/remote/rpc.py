"""One call of a node's RPC: POST, always with a time limit, every failure in our words."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from coopt_dag.errors import NodeUnavailableError
from coopt_dag.model.json_text import read_json
from coopt_dag.store.remote.address import LOOPBACK, base_url, shown
from coopt_dag.store.remote.pace import paced
from coopt_dag.store.remote.trouble import network_trouble, not_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CONNECT_S = 5.0
_CONNECTIONS = 32
_IDLE_S = 3.0  # Node.js closes idle connections after 5 s; whoever is later gets an error
_MOST_JSON_BYTES = 64 << 20
_START = (
    "start the node (`ipfs daemon`), or correct the address: the RPC of Kubo listens at "
    "http://127.0.0.1:5001 unless told otherwise."
)
_NOT_RPC = (
    "the address must be that of a node's RPC (Kubo: port 5001); gateways (port 8080) and "
    "websites are something else. Behind a login, write https://name:password@host."
)


class Rpc:
    """Calls commands of one node; safe to use from many threads.

    Parameters
    ----------
    api : str
        URL or multiaddr of the node's RPC.
    timeout_s : float
        Longest silence in an answer.

    Examples
    --------
    >>> with Rpc("http://127.0.0.1:9", timeout_s=1) as rpc:
    ...     rpc.call("version")
    Traceback (most recent call last):
    coopt_dag.errors.NodeUnavailableError: http://127.0.0.1:9: cannot be reached: ...
    """

    def __init__(self, api: str, *, timeout_s: float) -> None:
        url = base_url(api)
        self.place = shown(url)
        self.timeout_s = timeout_s
        self._client = httpx.Client(
            base_url=f"{url}/api/v0/",
            timeout=self._timeout(timeout_s),
            limits=httpx.Limits(
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_CONNECTIONS,
                keepalive_expiry=_IDLE_S,
            ),
            trust_env=urlsplit(url).hostname not in LOOPBACK,  # a proxy cannot see our loopback
        )

    def __enter__(self) -> Rpc:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections; none is opened before the first call."""
        self._client.close()

    def call(
        self,
        command: str,
        *args: str,
        options: Mapping[str, str] | None = None,
        body: Multipart | None = None,
        timeout_s: float | None = None,
    ) -> list[dict[str, Any]]:
        """Give the JSON objects of the answer, one a line.

        Raises
        ------
        NodeUnavailableError
            Unreachable, too slow, not a node's RPC, or the node refuses (`answer` is its text).
        """
        with self.stream(
            command, *args, options=options, body=body, timeout_s=timeout_s, most=_MOST_JSON_BYTES
        ) as pieces:
            text = b"".join(pieces)
        try:
            found = [read_json(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            found = [None]
        if not all(isinstance(item, dict) for item in found):
            raise not_one(self.place, command, 200, "no JSON", hint=_NOT_RPC)
        for item in found:
            if item.get("Type") == "error":
                raise self._refusal(command, 200, item)
        return found

    @contextmanager
    def stream(
        self,
        command: str,
        *args: str,
        options: Mapping[str, str] | None = None,
        body: Multipart | None = None,
        timeout_s: float | None = None,
        most: int | None = None,
    ) -> Iterator[Iterator[bytes]]:
        """Give the bytes of the answer as they come."""
        wait_s = self.timeout_s if timeout_s is None else timeout_s
        query = httpx.QueryParams([*(("arg", arg) for arg in args), *(options or {}).items()])
        with (
            network_trouble(self.place, command, timeout_s=wait_s, next_move=_START),
            self._client.stream(
                "POST",
                command,
                params=query,
                content=None if body is None else body.pieces(),
                headers=None if body is None else body.headers,
                timeout=self._timeout(wait_s),
            ) as response,
        ):
            incoming = paced(
                response.iter_bytes(),
                place=self.place,
                what=command,
                timeout_s=wait_s,
                most_bytes=most,
            )
            self._check(command, response, incoming)
            yield incoming

    def _check(self, command: str, response: httpx.Response, incoming: Iterator[bytes]) -> None:
        kind = response.headers.get("content-type", "")
        if response.is_success and not kind.startswith("text/html"):
            return
        if not kind.startswith("application/json"):
            raise not_one(self.place, command, response.status_code, kind, hint=_NOT_RPC)
        text = b""
        for piece in incoming:
            text += piece
            if len(text) > 1 << 16:
                break
        try:
            answer = read_json(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise not_one(self.place, command, response.status_code, "no JSON", hint=_NOT_RPC)
        raise self._refusal(command, response.status_code, answer)

    def _refusal(
        self, command: str, status: int, answer: Mapping[str, Any]
    ) -> NodeUnavailableError:
        message = str(answer.get("Message", ""))[:500]
        return NodeUnavailableError(
            f"the node refuses {command} (HTTP {status}): {message or 'it gives no reason'}.",
            hint="that is the node's own word; its log says more (`ipfs log tail`), "
            "and `coopt ipfs selftest --api URL` shows what it can do.",
            path=self.place,
            answer=message or f"HTTP {status}",
        )

    def _timeout(self, timeout_s: float) -> httpx.Timeout:
        return httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))


class Multipart:
    """One file as the body of a request; Kubo and js-ipfs both want its type and name.

    Parameters
    ----------
    pieces : iterable of bytes
        The content.
    size : int
        Bytes of all pieces together.
    """

    def __init__(self, pieces: Iterable[bytes], size: int) -> None:
        boundary = f"coopt-{secrets.token_hex(16)}"  # nobody can put it into content
        self._front = (
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="file"; filename="blocks"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._back = f"\r\n--{boundary}--\r\n".encode()
        self._content = pieces
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._front) + size + len(self._back)),
        }

    def pieces(self) -> Iterator[bytes]:
        """Give the whole body."""
        yield self._front
        yield from self._content
        yield self._back

"""A web3 provider that has patience: what may be asked again is asked again, nothing else.

web3's own retries know exceptions only; nodes that many people share answer most of their
troubles as JSON-RPC errors, and say in a header how long to wait.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from requests.exceptions import HTTPError, RequestException, Timeout
from web3.providers.base import JSONBaseProvider

from coopt_dag.errors import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response
    from web3.providers.base import BaseProvider
    from web3.types import RPCEndpoint, RPCResponse

# Asking twice does what asking once does. A signed transaction has one hash, however often sent;
# to be signed, it may take a person who presses a button, and is asked for once.
_READS = re.compile(
    r"(net|web3)_\w+"
    r"|eth_(get\w+|call|estimateGas|blockNumber|chainId|gasPrice|maxPriorityFeePerGas"
    r"|feeHistory|accounts|syncing|createAccessList|sendRawTransaction)"
)
_BUSY = re.compile(
    r"rate.?limit|too many requests|per second|throttl|capacity|overload|try again|temporar",
    re.IGNORECASE,
)
_BUSY_CODES = {429, -32097}
_TROUBLE = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try.

    Attributes
    ----------
    tries : int
    first_wait_s, longest_wait_s : float
        Waits double from the first; a random part keeps many clients from coming at once.
    sleep, rng
        What waits, and what draws the random part.
    """

    tries: int = 6
    first_wait_s: float = 0.25
    longest_wait_s: float = 8.0
    sleep: Callable[[float], None] = time.sleep
    rng: random.Random = field(default_factory=random.Random)

    def wait(self, turn: int, *, asked_s: float | None = None) -> None:
        """Wait before the turn after this one, at least as long as the node asked."""
        wait = min(self.longest_wait_s, self.first_wait_s * 2**turn)
        wait *= self.rng.uniform(0.5, 1)
        self.sleep(max(wait, min(asked_s or 0, self.longest_wait_s)))


def is_busy(error: dict[str, Any]) -> bool:
    """Tell whether a JSON-RPC error only says that the node has too much to do.

    >>> is_busy({"code": -32005, "message": "rate limit exceeded"})
    True
    >>> is_busy({"code": -32005, "message": "query returned more than 10000 results"})
    False
    """
    return error.get("code") in _BUSY_CODES or _BUSY.search(str(error.get("message"))) is not None


class PatientProvider(JSONBaseProvider):
    """Wraps a provider; connection errors, 429 and 5xx answers and busy nodes are waited out.

    Raises
    ------
    LedgerUnavailableError
        From its methods: the node did not answer, however often it was asked.
    """

    def __init__(self, inner: BaseProvider, *, patience: Patience | None = None) -> None:
        super().__init__()
        self.inner: Any = inner
        self.patience = patience or Patience()

    def is_connected(self, show_traceback: bool = False) -> bool:
        """Tell whether the node answers."""
        return bool(self.inner.is_connected(show_traceback))

    def close(self) -> None:
        """Close what the provider holds."""
        close = getattr(self.inner, "close", None)
        if close is not None:
            close()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Ask one thing."""
        may_repeat = _READS.fullmatch(str(method)) is not None
        tries = self.patience.tries if may_repeat else 1
        is_slow = str(method) == "eth_getLogs"
        return self._ask(  # type: ignore[no-any-return]
            lambda: self.inner.make_request(method, params), tries=tries, is_slow=is_slow
        )

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> Any:
        """Ask several things at once; one after the other where the provider cannot."""
        batch = getattr(self.inner, "make_batch_request", None)
        if batch is None or not hasattr(self.inner, "encode_batch_rpc_request"):
            return [self.make_request(*request) for request in requests]
        may_repeat = all(_READS.fullmatch(str(method)) for method, _ in requests)
        tries = self.patience.tries if may_repeat else 1
        answer = self._ask(lambda: batch(requests), tries=tries, is_slow=False)
        if isinstance(answer, list) and len(answer) == len(requests):
            return answer
        return [self.make_request(*request) for request in requests]  # it takes no batches

    def _ask(self, ask: Callable[[], Any], *, tries: int, is_slow: bool) -> Any:
        for turn in range(tries - 1):
            try:
                answer = _answer(ask, is_slow=is_slow)
            except _TroubleError as trouble:
                self.patience.wait(turn, asked_s=trouble.asked_s)
            else:
                if not _asks_to_wait(answer):
                    return answer
                self.patience.wait(turn)
        try:
            return _answer(ask, is_slow=is_slow)
        except _TroubleError as trouble:
            raise _unavailable(trouble) from trouble.__cause__


class _TroubleError(Exception):
    """The node gave no answer; it may give one later."""

    def __init__(self, error: Exception, asked_s: float | None = None) -> None:
        super().__init__(str(error))
        self.asked_s = asked_s


def _answer(ask: Callable[[], Any], *, is_slow: bool) -> Any:
    try:
        return ask()
    except HTTPError as error:
        response = error.response
        if response is None:
            raise _TroubleError(error) from error
        if response.status_code in _TROUBLE:
            raise _TroubleError(error, _retry_after(response)) from error
        said = _said(response)
        if said is None:
            raise _unavailable(error) from error
        return {"jsonrpc": "2.0", "id": 0, "error": said}
    except (RequestException, OSError, ValueError) as error:
        if is_slow and isinstance(error, Timeout):  # of fewer blocks it may be in time
            return {
                "jsonrpc": "2.0",
                "id": 0,
                "error": {"code": -32000, "message": f"timed out: {error}"},
            }
        raise _TroubleError(error) from error


def _asks_to_wait(answer: Any) -> bool:
    parts = answer if isinstance(answer, list) else [answer]
    return any("error" in part and is_busy(part["error"]) for part in parts)


def _said(response: Response) -> dict[str, Any] | None:
    """Give the JSON-RPC error that came with an HTTP error, if one did."""
    try:
        body = response.json()
    except ValueError:
        return None
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else None


def _retry_after(response: Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None


def _unavailable(error: Exception) -> LedgerUnavailableError:
    return LedgerUnavailableError(
        f"the chain does not answer: {error}",
        hint="is its node running? check [ledger] url in coopt.toml",
    )

"""What goes wrong between us and a server, told in our words with a next move."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from coopt_dag.errors import NodeUnavailableError
from coopt_dag.store.remote.pace import too_slow

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def network_trouble(place: str, what: str, *, timeout_s: float, next_move: str) -> Iterator[None]:
    """Turn failures of the network into one of our errors; `next_move` is for the unreachable.

    Examples
    --------
    >>> with network_trouble("http://node", "version", timeout_s=1, next_move="start it."):
    ...     raise httpx.ConnectError("refused")
    Traceback (most recent call last):
    coopt_dag.errors.NodeUnavailableError: http://node: cannot be reached: refused.
    """
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NodeUnavailableError(
            f"cannot be reached: {error or 'no connection in time'}.", hint=next_move, path=place
        ) from error
    except httpx.TimeoutException as error:
        raise too_slow(place, what, timeout_s) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NodeUnavailableError(
            f"the answer to {what} broke off: {error or type(error).__name__}.",
            hint="nothing half-received was kept; see whether the node still runs and try again.",
            path=place,
        ) from error


def not_one(place: str, what: str, status: int, kind: str, *, hint: str) -> NodeUnavailableError:
    """Build the complaint about a server that is something else than what we asked for.

    >>> str(not_one("http://x", "version", 200, "text/html; charset=utf-8", hint=""))
    'http://x: answers version with HTTP 200 and text/html, not as expected.'
    """
    kind = kind.partition(";")[0].strip() or "no content type"
    return NodeUnavailableError(
        f"answers {what} with HTTP {status} and {kind}, not as expected.", hint=hint, path=place
    )

"""Bytes on their way to a client: read in threads, one piece ahead, as fast as it takes them."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from coopt_dag.errors import CooptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

T = TypeVar("T")
_READERS = 16  # disks, not processors, are what they wait for
_BATCH_BYTES = 512 << 10
_STALL_S = 60.0
_AT_ONCE = 128  # each holds two pieces of at most 2 MiB


def tell(text: str) -> None:
    """Note what the person who runs the gateway should know."""
    sys.stderr.write(f"{text}\n")


class Sender:
    """Runs what reads the store, and sends what it yields.

    Parameters
    ----------
    stall_s : float
        A client that takes nothing for so long is cut off.

    Examples
    --------
    >>> sender = Sender()
    >>> asyncio.run(sender.run(len, b"hits"))
    4
    >>> sender.close()
    """

    def __init__(self, *, stall_s: float = _STALL_S) -> None:
        self._stall_s = stall_s
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="gateway")
        self.slots = asyncio.Semaphore(_AT_ONCE)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[..., T], *words: object) -> T:
        """Do something that reads the store."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *words)

    async def stream(
        self, request: web.Request, response: web.StreamResponse, pieces: Iterator[bytes]
    ) -> web.StreamResponse:
        """Send all pieces; the status goes out after the first is read, which may be an error.

        When reading fails later on, the connection is torn, so that no client takes a part for
        the whole. A client that goes away before the end is no trouble of ours, and is not told.
        """
        ahead = self._ahead(pieces)
        batch = await ahead
        try:
            await response.prepare(request)
            while batch:
                ahead = self._ahead(pieces)
                async with asyncio.timeout(self._stall_s):
                    await response.write(batch)
                batch = await ahead
            await response.write_eof()
        except CooptError as error:
            tell(f"{request.raw_path[:200]!a}: {error}; the answer was cut short")
            _tear(request)
        except (TimeoutError, ConnectionError):
            _tear(request)
        finally:
            ahead.cancel()
        return response

    def _ahead(self, pieces: Iterator[bytes]) -> asyncio.Future[bytes]:
        loop = asyncio.get_running_loop()
        ahead = loop.run_in_executor(self._threads, _batch, pieces)
        # if the client is gone by then, nobody asks for the result
        ahead.add_done_callback(lambda done: done.cancelled() or done.exception())
        return ahead


def _batch(pieces: Iterator[bytes]) -> bytes:
    """Join small pieces: a thread and a packet each would cost more than the bytes."""
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size >= _BATCH_BYTES:
            break
    return found[0] if len(found) == 1 else b"".join(found)


def _tear(request: web.Request) -> None:
    """Reset the connection; a mere end would look complete to a client of HTTP/1.0."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()

"""The gateway on a socket: started, stopped by a signal, or kept in the background."""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import signal
import socket
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from coopt_dag.errors import UsageError
from coopt_dag.store.serving.app import Gateway
from coopt_dag.store.serving.sending import Sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from coopt_dag.store.protocol import Store

LOOPBACK = "127.0.0.1"
_BACKLOG = 1024  # the standard library's 5 broke a client with 48 parallel requests
_IDLE_S = 30.0  # a connection without a whole request for so long is closed
_STOP_S = 2.5  # for answers under way; aiohttp waits so long twice
_FILES = 65_536


def is_loopback(host: str) -> bool:
    """Tell an address that only this machine reaches.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("localhost")
    (True, False, True)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def running(
    store: Store,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    idle_s: float = _IDLE_S,
    stall_s: float = 60.0,
) -> AsyncIterator[str]:
    """Serve a store while the context lasts; gives the address.

    Parameters
    ----------
    store : Store
        Is only read.
    host : str
        An address of this machine.
    port : int
        0 takes a free one.
    idle_s, stall_s : float
        After how many seconds a client that sends, or takes, nothing is cut off.

    Raises
    ------
    UsageError
        The address cannot be had.
    """
    sender = Sender(stall_s=stall_s)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", Gateway(store, sender).handle)
    app.on_response_prepare.append(_sign)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=idle_s, shutdown_timeout=_STOP_S)
    await runner.setup()
    try:
        listener = _listen(host, port)
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        yield _address(listener)
    finally:
        await runner.cleanup()
        sender.close()


def serve(store: Store, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve a store until SIGINT or SIGTERM; `ready` is called with the address."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:  # one file for every client
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with running(store, host=host, port=port) as url:
            ready(url)
            await stop.wait()

    asyncio.run(main())


@contextmanager
def background(store: Store, *, idle_s: float = _IDLE_S, stall_s: float = 60.0) -> Iterator[str]:
    """Serve a store on a free port of this machine, from a thread; gives the address.

    Examples
    --------
    >>> import httpx
    >>> from coopt_dag.store.memory import MemoryStore
    >>> with background(MemoryStore()) as url:
    ...     httpx.get(f"{url}/ipfs/bafkqaaa?format=raw").status_code
    200
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gateway", daemon=True)
    thread.start()
    context = running(store, idle_s=idle_s, stall_s=stall_s)
    try:
        yield asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result()
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    """Name the software, not the versions below it."""
    response.headers["Server"] = "coopt-dag"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, number)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror or error}.",
            hint="choose another port, or 0 for any free one.",
        ) from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

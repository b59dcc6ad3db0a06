"""The gateway as an HTTP application: every request to its answer, every error to its status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from coopt_dag.errors import (
    BusyError,
    ContentMissingError,
    ContentRefusedError,
    CooptError,
    IntegrityError,
    NodeUnavailableError,
    UsageError,
)
from coopt_dag.store.reader import Opened, Reader
from coopt_dag.store.serving import files, listing, trustless
from coopt_dag.store.serving.headers import CORS, common, etag, matches
from coopt_dag.store.serving.request import Form, Wanted, read_request
from coopt_dag.store.serving.resolve import Resolved, find, resolve
from coopt_dag.store.serving.sending import Sender, tell
from coopt_dag.store.serving.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.protocol import Store

METHODS = ("GET", "HEAD", "OPTIONS")
_INDEX = "index.html"
_STATUS: dict[type[CooptError], int] = {
    UsageError: 400,
    ContentMissingError: 404,
    ContentRefusedError: 404,  # Path Gateway Specification: "invalid or missing DAG node"
    IntegrityError: 500,
    NodeUnavailableError: 502,
    BusyError: 503,
}


class Gateway:
    """Answers requests from one store; knows nothing of sockets."""

    def __init__(self, store: Store, sender: Sender) -> None:
        self._store = store
        self._shelf = Shelf(store)
        self._sender = sender

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        if request.method not in METHODS:
            return _refusal(405, f"{request.method[:20]} is not served; this gateway only reads.\n")
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=CORS | {"Allow": ", ".join(METHODS)})
        async with self._sender.slots:
            try:
                return await self._answer(request)
            except CooptError as error:
                return _failure(request, error)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        wanted = read_request(request.raw_path, _header(request, "Accept"))
        if request.headers.get("Service-Worker") == "script":
            raise UsageError("no service worker is served.", hint="load it from elsewhere.")
        if wanted.root is None:
            response: web.StreamResponse = trustless.probe_answer(wanted)
            return _finish(response, common(wanted, (), etag(wanted, None)))
        resolved = await self._sender.run(resolve, self._shelf, wanted.root, wanted.names)
        if wanted.form == Form.CONTENT:
            return await self._content(request, wanted, resolved)
        tag = etag(wanted, resolved.cid)
        headers = common(wanted, resolved.roots, tag)
        block = await self._sender.run(self._store.get, resolved.cid)
        if matches(_header(request, "If-None-Match"), tag):
            return _unchanged(headers)
        if wanted.form == Form.RAW:
            response = _finish(trustless.block_answer(resolved.cid, block, wanted), headers)
            return await self._send(request, response, iter((block,)))
        response = _finish(trustless.car_answer(wanted, resolved), headers)
        pieces = trustless.car_pieces(self._store, wanted, resolved)
        return await self._send(request, response, pieces)

    async def _content(
        self, request: web.Request, wanted: Wanted, resolved: Resolved
    ) -> web.StreamResponse:
        opened, name = await self._sender.run(self._open, wanted, resolved)
        if opened.is_folder:
            return await self._folder(request, wanted, resolved, opened)
        if wanted.folder and name != _INDEX:
            raise ContentMissingError(
                f"{opened.trail[-1]} is a file, no folder.", hint="leave the last slash out."
            )
        tag = etag(wanted, opened.trail[-1])
        headers = common(wanted, resolved.roots, tag)
        if matches(_header(request, "If-None-Match"), tag):
            return _unchanged(headers)
        response, start, stop = files.file_answer(request, wanted, opened.size, tag, name=name)
        pieces = files.file_pieces(self._store, opened, start, stop)
        return await self._send(request, _finish(response, headers), pieces)

    def _open(self, wanted: Wanted, resolved: Resolved) -> tuple[Opened, str]:
        """Open the end of the path; the page of a folder stands for the folder itself."""
        reader = Reader(self._store)
        opened = reader.open(resolved.cid)
        if opened.is_folder and wanted.folder and not wanted.listing:
            page = find(reader, opened, _INDEX)
            index = None if page is None else reader.open(page)
            if index is not None and not index.is_folder:
                return index, _INDEX
        return opened, wanted.names[-1] if wanted.names else ""

    async def _folder(
        self, request: web.Request, wanted: Wanted, resolved: Resolved, folder: Opened
    ) -> web.StreamResponse:
        if not wanted.folder and not wanted.listing:
            query = f"?{wanted.query}" if wanted.query else ""
            headers = {"Location": f"{wanted.path}/{query}"}  # relative links need the slash
            return web.Response(status=301, headers=CORS | headers)
        tag = listing.listing_etag(wanted, resolved.cid)
        headers = common(wanted, resolved.roots, tag)
        if matches(_header(request, "If-None-Match"), tag):
            return _unchanged(headers)
        response = _finish(listing.listing_answer(wanted), headers)
        pieces = listing.listing_pieces(self._store, folder, wanted)
        return await self._send(request, response, pieces)

    async def _send(
        self, request: web.Request, response: web.StreamResponse, pieces: Iterator[bytes]
    ) -> web.StreamResponse:
        if request.method == "HEAD" or isinstance(response, web.Response):
            return response
        return await self._sender.stream(request, response, pieces)


def _header(request: web.Request, name: str) -> str:
    """Give a header that may be there several times."""
    return ", ".join(request.headers.getall(name, []))


def _finish(response: web.StreamResponse, headers: dict[str, str]) -> web.StreamResponse:
    response.headers.update(CORS | headers)
    if response.status >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response


def _unchanged(headers: dict[str, str]) -> web.Response:
    return web.Response(status=304, headers=CORS | headers)


def _refusal(status: int, text: str) -> web.Response:
    headers = CORS | {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == 405:
        headers["Allow"] = ", ".join(METHODS)
    return web.Response(status=status, text=text, headers=headers)


def _failure(request: web.Request, error: CooptError) -> web.Response:
    """Tell the client what it can use, and nothing of this machine; the rest goes to stderr."""
    status = _STATUS.get(type(error), 500)
    if status == 404 and "only-if-cached" in request.headers.get("Cache-Control", ""):
        status = 412
    if status >= 500:
        tell(f"{request.raw_path[:200]!a}: {error}")
    if status in (500, 502) and not isinstance(error, IntegrityError):
        return _refusal(status, "the store cannot be read; its owner has been told why.\n")
    hint = f"hint: {error.hint}\n" if error.hint and status < 500 else ""
    return _refusal(status, f"{error.message}\n{hint}")

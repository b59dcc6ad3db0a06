"""Answers for people and plain programs: the bytes of a file, whole or in part."""

from __future__ import annotations

from mimetypes import MimeTypes
from typing import TYPE_CHECKING

from aiohttp import web

from coopt_dag.store.reader import Reader
from coopt_dag.store.serving.headers import PLAIN, disposition
from coopt_dag.store.serving.span import cut, read_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.protocol import Store
    from coopt_dag.store.reader import Opened
    from coopt_dag.store.serving.request import Wanted

_TYPES = MimeTypes()  # what Python knows, not what this machine's files say
_UNKNOWN = "application/octet-stream"
_ACTIVE = ("html", "svg", "xml", "javascript")
_CAGE = {"Content-Security-Policy": "sandbox"}
"""Pages may come from anybody, and cookies do not tell ports apart: no scripts, no forms."""


def content_type(name: str) -> str:
    """Guess from the name alone; looking into bytes of strangers has misled many browsers.

    >>> content_type("a.csv"), content_type("ab12cd")
    ('text/csv; charset=utf-8', 'application/octet-stream')
    """
    guess, coding = _TYPES.guess_type(f"/{name}", strict=True)
    if guess is None or coding is not None:
        return _UNKNOWN
    return f"{guess}; charset=utf-8" if guess.startswith("text/") else guess


def wanted_part(request: web.Request, size: int, etag: str) -> tuple[int, int] | None:
    """Give start and stop (excluded) of the bytes that are asked for; None if there are none such.

    A condition that does not hold, several ranges, what is no range, and any method but GET ask
    for everything.

    References
    ----------
    RFC 9110, sections 13.1.5 (If-Range: only the same strong tag holds) and 14.2.
    """
    span = read_range(request.headers.get("Range", "")) if request.method == "GET" else None
    if span is None or request.headers.get("If-Range", etag) != etag:
        return 0, size
    return span.within(size)


def file_answer(
    request: web.Request, wanted: Wanted, size: int, etag: str, *, name: str
) -> tuple[web.StreamResponse, int, int]:
    """Begin an answer for which `file_pieces` gives the bytes from start to stop."""
    part = wanted_part(request, size, etag)
    headers = PLAIN | {"Accept-Ranges": "bytes"}
    if part is None:
        headers |= {"Content-Range": f"bytes */{size}", "Content-Type": "text/plain"}
        text = f"the file has {size} bytes; none of them is in the range asked for.\n"
        return web.Response(status=416, text=text, headers=headers), 0, 0
    start, stop = part
    kind = content_type(wanted.filename or name)
    headers |= {"Content-Type": kind} | (_CAGE if any(x in kind for x in _ACTIVE) else {})
    if wanted.filename or wanted.download:
        shown = "attachment" if wanted.download else "inline"
        headers["Content-Disposition"] = disposition(shown, wanted.filename or name)
    whole = (start, stop) == (0, size)
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response = web.StreamResponse(status=200 if whole else 206, headers=headers)
    response.content_length = stop - start
    return response, start, stop


def file_pieces(store: Store, file: Opened, start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes of a file from `start` to `stop`, opening only the blocks that have them."""
    reader = Reader(store)
    if (start, stop) == (0, file.size):
        return reader.content(file)
    return cut(reader, file, start, stop)

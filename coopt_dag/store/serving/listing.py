"""Answers for folders: what lies in them, as a page or as JSON, streamed in the folder's order."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from coopt_dag.store.names import file_name
from coopt_dag.store.reader import Reader
from coopt_dag.store.serving.headers import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.cid import CID
    from coopt_dag.store.protocol import Store
    from coopt_dag.store.reader import Opened
    from coopt_dag.store.serving.request import Wanted

_CAGE = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
_VERSION = 1  # of the page below: caches must not keep an older one


def listing_etag(wanted: Wanted, cid: CID) -> str:
    """Name a listing by the folder and by the form that we give it."""
    return f'"{cid}.json"' if wanted.listing else f'"DirIndex-{_VERSION}_CID-{cid}"'


def listing_answer(wanted: Wanted) -> web.StreamResponse:
    """Begin an answer that `listing_pieces` fills."""
    kind = "application/json" if wanted.listing else "text/html"
    return web.StreamResponse(headers=PLAIN | _CAGE | {"Content-Type": f"{kind}; charset=utf-8"})


def listing_pieces(store: Store, folder: Opened, wanted: Wanted) -> Iterator[bytes]:
    """Yield the listing of a folder.

    Examples
    --------
    >>> from coopt_dag.store.cid import Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> from coopt_dag.store.serving.request import read_request
    >>> store = MemoryStore()
    >>> cid = store.put(bytes.fromhex("0a020801"), Codec.DAG_PB)
    >>> wanted = read_request(f"/ipfs/{cid}/", "application/json")
    >>> json.loads(b"".join(listing_pieces(store, Reader(store).open(cid), wanted)))["entries"]
    []
    """
    cid = folder.trail[-1]
    links = Reader(store).links(folder)
    rows = ((file_name(link.name), str(link.cid), link.tsize) for link in links)
    return _json(cid, rows) if wanted.listing else _html(cid, rows)


def _json(cid: CID, rows: Iterator[tuple[str, str, int]]) -> Iterator[bytes]:
    yield f'{{"cid": "{cid}", "entries": ['.encode()
    for number, (name, target, tsize) in enumerate(rows):
        row = json.dumps({"cid": target, "dag_bytes": tsize, "name": name})
        yield f"{',' if number else ''}\n{row}".encode()
    yield b"\n]}\n"


def _html(cid: CID, rows: Iterator[tuple[str, str, int]]) -> Iterator[bytes]:
    yield (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{cid}</title>"
        "<style>body{font:15px/1.5 sans-serif;margin:2em}td{padding:0 2em 0 0}"
        "td:nth-child(2){text-align:right}</style>"
        f"<h1>Folder</h1><p><code>{cid}</code></p><table>\n"
        '<tr><td><a href="../">..</a></td></tr>\n'
    ).encode()
    for name, target, tsize in rows:
        # ./ so that a name with a colon is no scheme; quoted, so that it is no query
        yield (
            f'<tr><td><a href="./{quote(name, safe="")}">{escape(name)}</a></td>'
            f"<td>{tsize}</td><td><code>{target}</code></td></tr>\n"
        ).encode()
    yield b"</table></html>\n"

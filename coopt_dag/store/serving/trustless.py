"""Answers that need no trust: a raw block, or a CAR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from coopt_dag.store import car
from coopt_dag.store.serving.blocks import blocks
from coopt_dag.store.serving.headers import PLAIN, disposition
from coopt_dag.store.serving.request import PROBE, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.cid import CID
    from coopt_dag.store.protocol import Store
    from coopt_dag.store.serving.request import Wanted
    from coopt_dag.store.serving.resolve import Resolved

_TYPES = {
    Form.RAW: "application/vnd.ipld.raw",
    Form.CAR: "application/vnd.ipld.car; version=1; order=dfs; dups={dups}",
    Form.CONTENT: "application/octet-stream",
}
_SMALL_BYTES = 64 << 10  # may wait in memory for a client that does not read
_PROBE_CAR = bytes.fromhex("19a265726f6f747381d82a450001550000" + "6776657273696f6e01")
"""The header of a CAR whose root is the empty identity CID (bytes 01 55 00 00); no blocks."""


def block_answer(cid: CID, block: bytes, wanted: Wanted) -> web.StreamResponse:
    """Answer with one block; a large one is sent as fast as the client takes it."""
    name = wanted.filename or f"{cid}.bin"
    headers = PLAIN | {
        "Content-Type": _TYPES[Form.RAW],
        "Content-Disposition": disposition("attachment", name),
    }
    if len(block) <= _SMALL_BYTES:
        return web.Response(body=block, headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = len(block)
    return response


def car_answer(wanted: Wanted, resolved: Resolved) -> web.StreamResponse:
    """Begin an answer that `car_pieces` fills; its length is not known before its end."""
    name = wanted.filename or f"{resolved.cid}.car"
    headers = PLAIN | {
        "Content-Type": _TYPES[Form.CAR].format(dups="y" if wanted.repeats else "n"),
        "Content-Disposition": disposition("attachment", name),
        "Accept-Ranges": "none",
    }
    return web.StreamResponse(headers=headers)


def car_pieces(store: Store, wanted: Wanted, resolved: Resolved) -> Iterator[bytes]:
    """Yield a CAR: the header with the end of the path as its root, then every block."""
    yield car.header([resolved.cid])
    for cid, block in blocks(store, wanted, resolved):
        yield car.frame(cid, block)


def probe_answer(wanted: Wanted) -> web.Response:
    """Answer the probe for the empty identity CID.

    References
    ----------
    Trustless Gateway Specification, "Dedicated Probe Paths".
    """
    body = _PROBE_CAR if wanted.form == Form.CAR else b""
    end = "car" if wanted.form == Form.CAR else "bin"
    headers = PLAIN | {
        "Content-Type": _TYPES[wanted.form].format(dups="n"),
        "Content-Disposition": disposition("attachment", f"{PROBE}.{end}"),
    }
    return web.Response(body=body, headers=headers)

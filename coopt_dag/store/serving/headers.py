"""What an answer says about itself: tags, caching, names, and what browsers may do with it."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from coopt_dag.store.serving.request import PROBE, Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coopt_dag.store.cid import CID
    from coopt_dag.store.serving.request import Wanted

FOREVER = "public, max-age=29030400, immutable"
"""What a CID names never changes; the number is that of the Path Gateway Specification."""

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match, Range, X-Requested-With",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag, "
    "X-Ipfs-Path, X-Ipfs-Roots, Content-Disposition",
}
PLAIN = {"X-Content-Type-Options": "nosniff", "Vary": "Accept"}


def common(wanted: Wanted, roots: Sequence[CID], etag: str) -> dict[str, str]:
    """Give the headers of every answer with content.

    References
    ----------
    Path Gateway Specification, "Response Headers".
    """
    found = {
        "ETag": etag,
        "Cache-Control": FOREVER,
        "X-Ipfs-Path": wanted.path,
        "X-Ipfs-Roots": ",".join(str(cid) for cid in roots) or PROBE,
    }
    if wanted.by_header:
        found["Content-Location"] = f"{wanted.path}?format={wanted.form}"
    return found


def etag(wanted: Wanted, cid: CID | None) -> str:
    """Name the bytes of an answer; weak for CARs, whose order other gateways choose otherwise.

    Examples
    --------
    >>> from coopt_dag.store.cid import CID, Codec
    >>> from coopt_dag.store.serving.request import read_request
    >>> cid = CID.of(b"", Codec.RAW)
    >>> etag(read_request(f"/ipfs/{cid}?format=raw", ""), cid)[-10:]
    'uvyku.raw"'
    """
    name = str(cid or PROBE)
    if wanted.form == Form.RAW:
        return f'"{name}.raw"'
    if wanted.form == Form.CONTENT:
        return f'"{name}"'
    words = f"{wanted.path} {wanted.scope} {wanted.span} {wanted.repeats}"
    return f'W/"{name}.car.{hashlib.sha256(words.encode()).hexdigest()[:16]}"'


def matches(header: str, tag: str) -> bool:
    """Compare weakly, as `If-None-Match` asks.

    >>> matches('W/"a", "b"', '"b"'), matches("*", '"b"'), matches('"c"', '"b"')
    (True, True, False)
    """
    strong = tag.removeprefix("W/")
    return any(t.strip().removeprefix("W/") in ("*", strong) for t in header.split(","))


def disposition(kind: str, filename: str) -> str:
    r"""Say under which name an answer is to be saved, in ASCII and in UTF-8.

    Examples
    --------
    >>> disposition("inline", 'a"b.txt')
    'inline; filename="a_b.txt"'
    >>> disposition("attachment", "é.csv")
    'attachment; filename="_.csv"; filename*=UTF-8\'\'%C3%A9.csv'
    """
    ascii_name = re.sub(r"[^ !#-\[\]-~]", "_", filename)
    text = f'{kind}; filename="{ascii_name}"'
    return text if filename.isascii() else f"{text}; filename*=UTF-8''{quote(filename, safe='')}"

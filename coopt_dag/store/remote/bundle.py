"""Many CIDs under one: a folder that links them, so that a node can be asked once for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, encode_node

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER = bytes.fromhex("0801")  # UnixFS: a folder
_WIDTH = 8192  # links of some 55 bytes each: 450 KiB a block


def bundle(cids: Sequence[CID], *, token: bytes = b"") -> list[tuple[CID, bytes]]:
    """Give the blocks of a folder of `cids`, the folder itself last.

    Parameters
    ----------
    cids : sequence of CID
        What it links, in this order.
    token : bytes
        Makes the folder differ from every other one with the same links.

    Examples
    --------
    >>> leaf = CID.of(b"hits", Codec.RAW)
    >>> [(cid, block)] = bundle([leaf])
    >>> bundle([leaf]) == [(cid, block)]
    True
    """
    made: list[tuple[CID, bytes]] = []
    first: list[CID] = []
    if token:
        leaf = CID.of(token, Codec.RAW)
        made.append((leaf, token))
        first.append(leaf)
    level = [*first, *cids]
    while True:
        folders = [_folder(level[n : n + _WIDTH]) for n in range(0, max(len(level), 1), _WIDTH)]
        made += folders
        if len(folders) == 1:
            return made
        level = [cid for cid, _ in folders]


def _folder(cids: Sequence[CID]) -> tuple[CID, bytes]:
    links = [Link(cid, f"{n:04d}".encode(), 0) for n, cid in enumerate(cids)]
    block = encode_node(links, _FOLDER)
    return CID.of(block, Codec.DAG_PB), block

"""Blocks on their way to a node: collected in a temporary file, sent as one CAR."""

from __future__ import annotations

import tempfile
import threading
from typing import TYPE_CHECKING

from coopt_dag.store.car import frame, header
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.protocol import check_size
from coopt_dag.store.remote.rpc import Multipart
from coopt_dag.store.staging import disk_trouble
from coopt_dag.store.walk import links_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_IN_MEMORY_BYTES = 16 << 20
_PIECE_BYTES = 1 << 20


class Upload:
    """A batch of blocks, each once; knows what they link, and which of them no other one links.

    Examples
    --------
    >>> with Upload() as upload:
    ...     cid = upload.put(b"hits", Codec.RAW)
    ...     upload.roots() == [cid]
    True
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        self._blocks: dict[bytes, CID] = {}
        self.linked: set[bytes] = set()
        self._mutex = threading.Lock()

    def __enter__(self) -> Upload:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        self._file.close()

    def put(self, block: bytes, codec: Codec) -> CID:
        """Take a block and name it."""
        check_size(block)
        cid = CID.of(block, codec)
        with self._mutex, disk_trouble(_place()):
            if cid.digest not in self._blocks:
                self._file.write(frame(cid, block))
                self._blocks[cid.digest] = cid
                self.linked.update(link.digest for link in links_of(cid, block))
        return cid

    def roots(self) -> list[CID]:
        """Give the blocks that no other block of the batch links."""
        return [cid for digest, cid in self._blocks.items() if digest not in self.linked]

    def car(self, root: CID, more: Sequence[tuple[CID, bytes]] = ()) -> Multipart:
        """Give the CAR of all blocks and `more`, with its one root named."""
        front = header([root])
        back = b"".join(frame(cid, block) for cid, block in more)
        return Multipart(self._pieces(front, back), len(front) + self._file.tell() + len(back))

    def _pieces(self, front: bytes, back: bytes) -> Iterator[bytes]:
        yield front
        self._file.seek(0)
        while piece := self._file.read(_PIECE_BYTES):
            yield piece
        yield back


def _place() -> Path:
    from pathlib import Path

    return Path(tempfile.gettempdir())

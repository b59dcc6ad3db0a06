"""Blocks from a stream that comes in about the order in which they will be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopt_dag.errors import ContentMissingError, IntegrityError, NodeUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.cid import CID
    from coopt_dag.store.protocol import Source


class StreamedStore:
    """Gives each block of a stream once; asked for one again, it goes to the source itself.

    Blocks that come before they are asked for are kept until then.

    Parameters
    ----------
    stream : iterator of (CID, bytes)
        Verified, each block once, e.g. from a CAR.
    source : Source
        Where the stream comes from.

    Examples
    --------
    >>> from coopt_dag.store.cid import CID, Codec
    >>> from coopt_dag.store.memory import MemoryStore
    >>> store = MemoryStore()
    >>> a, b = store.put(b"a", Codec.RAW), store.put(b"b", Codec.RAW)
    >>> streamed = StreamedStore(iter([(a, b"a"), (b, b"b")]), store)
    >>> streamed.get(b), streamed.get(a), streamed.get(a)
    (b'b', b'a', b'a')
    """

    def __init__(self, stream: Iterator[tuple[CID, bytes]], source: Source) -> None:
        self._stream = stream
        self._source = source
        self._early: dict[bytes, bytes] = {}
        self._gone: NodeUnavailableError | None = None
        self._given: set[bytes] = set()

    def get(self, cid: CID) -> bytes:
        """Give the bytes, verified."""
        if cid.digest in self._given:
            return self._source.get(cid)
        self._given.add(cid.digest)
        block = self._early.pop(cid.digest, None)
        if block is not None:
            return block
        return self._next(cid) or self._source.get(cid)

    def _next(self, cid: CID) -> bytes | None:
        """Read on; None where the stream ends or breaks before the block has come."""
        if self._gone is not None:  # or each of a thousand files would wait for it again
            raise self._gone
        try:
            for found, block in self._stream:
                if found.digest == cid.digest:
                    return block
                self._early[found.digest] = block
        except NodeUnavailableError as error:
            self._gone = error
            raise
        except (ContentMissingError, IntegrityError):
            return None  # one block is bad there: the others can still be had one by one
        return None

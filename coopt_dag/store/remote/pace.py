"""How slow an answer may be: silence and dripping both end it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from coopt_dag.errors import ContentRefusedError, NodeUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LEAST_BYTES = 64 << 10
"""What every `timeout_s` has to bring: at 60 s one kilobyte a second, slower than any modem."""


def too_slow(place: str, what: str, timeout_s: float) -> NodeUnavailableError:
    """Build the complaint about a node that does not answer in time.

    >>> str(too_slow("http://node", "version", 60))
    'http://node: no answer to version within 60 s.'
    """
    return NodeUnavailableError(
        f"no answer to {what} within {timeout_s:g} s.",
        hint="the node is overloaded, hangs, or searches the network for what nobody has: "
        "look at it, then try again; a longer wait is the option timeout_s.",
        path=place,
    )


def paced(
    pieces: Iterable[bytes], *, place: str, what: str, timeout_s: float, most_bytes: int | None
) -> Iterator[bytes]:
    """Pass pieces on as long as they come fast enough and are not too many.

    Raises
    ------
    NodeUnavailableError
        Less than 64 KiB came in the last `timeout_s`, and it is not the end.
    ContentRefusedError
        More than `most_bytes` came.

    Examples
    --------
    >>> list(paced([b"a", b"b"], place="here", what="x", timeout_s=1, most_bytes=2))
    [b'a', b'b']
    """
    total = since = 0
    deadline = time.monotonic() + timeout_s
    for piece in pieces:
        total += len(piece)
        since += len(piece)
        if most_bytes is not None and total > most_bytes:
            raise ContentRefusedError(
                f"the answer to {what} is longer than {most_bytes} bytes.",
                hint="it is not what was asked for; use another node or gateway.",
                path=place,
            )
        now = time.monotonic()
        if since >= _LEAST_BYTES:
            since, deadline = 0, now + timeout_s
        elif now > deadline:
            raise too_slow(place, what, timeout_s)
        yield piece


class Incoming:
    """Pieces of any length as a file to read from.

    Examples
    --------
    >>> Incoming(iter([b"ab", b"cd"])).read(3)
    b'abc'
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """Give `size` bytes, fewer only at the end; all for a negative size."""
        if 0 <= size <= len(self._rest):  # the most frequent: the length of a block
            part = self._rest[:size]
            self._rest = self._rest[size:]
            return bytes(part)
        got: list[memoryview] = []
        left = size
        while left:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
                continue
            part = self._rest if left < 0 else self._rest[:left]
            self._rest = self._rest[len(part) :]
            got.append(part)
            left -= len(part) if left > 0 else 0
        return b"".join(got)

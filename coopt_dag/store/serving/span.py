"""A part of a file, in bytes: read from `Range` or `entity-bytes`, and cut out of the DAG."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopt_dag.errors import UsageError
from coopt_dag.store.protobuf import malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopt_dag.store.reader import Opened, Reader

_NUMBER = r"\d{1,18}"
_RANGE = re.compile(rf"bytes=({_NUMBER})?-({_NUMBER})?")
_ENTITY = re.compile(rf"(-?{_NUMBER}):(-?{_NUMBER}|\*)")


@dataclass(frozen=True, slots=True)
class Span:
    """From the first byte to the last one, both included; negative ones count from the end.

    Examples
    --------
    >>> Span(-4, None).within(10), Span(2, 99).within(10), Span(10, None).within(10)
    ((6, 10), (2, 10), None)
    """

    first: int
    last: int | None

    def within(self, size: int) -> tuple[int, int] | None:
        """Give start and stop (excluded) in a file of `size` bytes; None if nothing is there."""
        start = max(0, size + self.first) if self.first < 0 else self.first
        last = size - 1 if self.last is None else self.last
        stop = min(size, (size + last if last < 0 else last) + 1)
        return (start, stop) if start < stop else None


def read_range(header: str) -> Span | None:
    """Read a `Range` header; None if it is not one plain range, and is to be ignored.

    References
    ----------
    RFC 9110, section 14.2: a server may ignore the header.

    Examples
    --------
    >>> read_range("bytes=2-5"), read_range("bytes=-3"), read_range("bytes=0-1,4-5")
    (Span(first=2, last=5), Span(first=-3, last=None), None)
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found.group(1) == found.group(2) is None:
        return None
    first, last = found.groups()
    if first is None:
        count = int(last)
        return Span(-count, None) if count else Span(0, -(10**18))  # the last 0 bytes: none
    if last is not None and int(last) < int(first):
        return None
    return Span(int(first), None if last is None else int(last))


def read_entity_bytes(text: str) -> Span:
    """Read the value of `entity-bytes`, as the Trustless Gateway Specification has it.

    >>> read_entity_bytes("-1024:*")
    Span(first=-1024, last=None)
    """
    found = _ENTITY.fullmatch(text)
    if found is None:
        raise UsageError(
            f"entity-bytes is FROM:TO, got '{text[:40]}'.", hint="e.g. 0:*, 0:1023, -1024:*"
        )
    first, last = found.groups()
    return Span(int(first), None if last == "*" else int(last))


def cut(reader: Reader, file: Opened, start: int, stop: int) -> Iterator[bytes]:
    """Give the bytes from `start` to `stop` (excluded), opening no block that has none of them.

    Raises
    ------
    ContentRefusedError
        Sizes that do not agree, or beyond the limits.
    """
    if file.is_folder:
        raise malformed(f"{file.trail[-1]} is a folder where a part of a file should be.")
    own = file.message.data
    if own and start < len(own):
        yield own[start : min(stop, len(own))]
    begin = len(own)
    for link, size in zip(file.links, file.message.block_sizes, strict=True):
        if begin < stop and start < begin + size:
            part = reader.open(link.cid, trail=file.trail)
            if part.size != size:
                raise malformed(f"{link.cid} holds {part.size} bytes, its parent says {size}.")
            yield from cut(reader, part, max(0, start - begin), min(size, stop - begin))
        begin += size

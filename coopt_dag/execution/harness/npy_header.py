"""The header of a `.npy` file, read by a grammar of its own: nothing in it is evaluated."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import IO

LONGEST = 4096
"""Bytes of a header; numpy pads ours to 118."""

_LENGTH_BYTES = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
_MOST = (1 << 63) - 1
_ITEM = re.compile(
    r"""\s*(?P<q>['"])(?P<key>descr|fortran_order|shape)(?P=q)\s*:\s*
    (?: (?P<p>['"])(?P<order>[<>=|]?)(?P<kind>[a-zA-Z?])(?P<itemsize>\d{0,3})(?P=p)
      | (?P<flag>True|False)
      | \(\s*(?P<shape>(?:\d{1,19}\s*,\s*){0,64}(?:\d{1,19}\s*)?)\) )
    \s*(?:,|\Z)""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a `.npy` file says of its array; `kind` and `byte_order` as in numpy."""

    kind: str
    itemsize: int
    byte_order: str
    fortran_order: bool
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of values.

        >>> Header("f", 8, "<", False, (2, 3)).count
        6
        """
        return math.prod(self.shape)


def read_header(file: IO[bytes]) -> Header:
    r"""Read the magic and the header; the file then stands at the first value.

    Raises
    ------
    ValueError
        It is no `.npy` of plain values, or its shape is beyond what an array can have.

    Examples
    --------
    >>> import io
    >>> text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }"
    >>> read_header(io.BytesIO(b"\x93NUMPY\x01\x00" + bytes([len(text), 0]) + text)).shape
    (2, 3)
    """
    magic = file.read(8)
    length_bytes = _LENGTH_BYTES.get(magic[6:])
    if magic[:6] != b"\x93NUMPY" or length_bytes is None:
        raise ValueError("it does not begin as one")
    length = int.from_bytes(file.read(length_bytes), "little")
    if length > LONGEST:
        raise ValueError(f"its header has {length} bytes, at most {LONGEST}")
    text = file.read(length)
    if len(text) != length or not text.isascii():
        raise ValueError("its header is cut off or no ASCII text")
    return _parse(text.decode("ascii").strip())


def _parse(text: str) -> Header:
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError("its header is no dictionary")
    inner, at = text[1:-1].rstrip(), 0
    found: dict[str, re.Match[str]] = {}
    while at < len(inner):
        item = _ITEM.match(inner, at)
        if item is None or item["key"] in found:
            raise ValueError(f"its header holds {inner[at : at + 60]!r}")
        found[item["key"]] = item
        at = item.end()
    if len(found) != 3:
        raise ValueError(f"its header holds only {sorted(found)}")
    return _header(found["descr"], found["fortran_order"]["flag"], found["shape"]["shape"])


def _header(descr: re.Match[str], flag: str | None, shape: str | None) -> Header:
    if descr["kind"] is None or flag is None or shape is None:
        raise ValueError("its header's values are of other kinds")
    if shape.strip().isdigit():
        raise ValueError("its shape is a number, not a tuple")
    kind, itemsize = descr["kind"], int(descr["itemsize"] or 0)
    if kind == "?":
        kind, itemsize = "b", 1
    if itemsize > 1 and descr["order"] == "|":
        raise ValueError("its values have no byte order")
    lengths = tuple(int(n) for n in re.findall(r"\d+", shape))
    if math.prod(n or 1 for n in lengths) * max(itemsize, 1) > _MOST:
        raise ValueError("its shape is larger than any array")
    order = descr["order"] if descr["order"] in ("<", ">") else "="
    return Header(kind, itemsize, order, flag == "True", lengths)

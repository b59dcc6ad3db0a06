"""Readers of ABI data that are made once a shape: what `abi.decode` gives, many times faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import abi

Read = Callable[[bytes], Any]
_WORD = 32


def reader(kinds: tuple[abi.Kind, ...]) -> Callable[[bytes], list[Any]]:
    """Give what decodes a tuple of these kinds, with the same answers and complaints.

    Examples
    --------
    >>> read = reader((abi.Kind("uint64"), abi.Kind("bool")))
    >>> read((7).to_bytes(32, "big") + (1).to_bytes(32, "big"))
    [7, True]
    """
    if any(kind.parts or (kind.is_list and kind.name in {"string", "bytes"}) for kind in kinds):
        return lambda data: abi.decode(kinds, data)
    parts = [_part(kind, i * _WORD) for i, kind in enumerate(kinds)]
    size = len(kinds) * _WORD

    def read(data: bytes) -> list[Any]:
        if len(data) < size:
            raise _too_short()
        return [part(data) for part in parts]

    return read


def word_reader(name: str) -> Read:
    """Give what decodes one word, as topics hold them.

    >>> word_reader("uint8")(bytes(31) + bytes([5]))
    5
    """
    return _word(name, 0)


def _too_short() -> LedgerUnavailableError:
    return LedgerUnavailableError(
        "an event's data end too early", hint="is the ledger's address the right one?"
    )


def _part(kind: abi.Kind, at: int) -> Read:
    if kind.is_list:
        return _list(kind.name, at)
    if kind.name in {"string", "bytes"}:
        return _text(at, is_text=kind.name == "string")
    return _word(kind.name, at)


def _word(name: str, at: int) -> Read:  # one a kind
    end, whole = at + _WORD, int.from_bytes
    if name == "address":
        start = at + 12
        return lambda data: "0x" + data[start:end].hex()
    if name == "bool":
        return lambda data: any(data[at:end])
    if name.startswith("bytes"):
        stop = at + int(name[5:])
        return lambda data: data[at:stop].hex()
    if name.startswith("int"):
        return lambda data: whole(data[at:end], "big", signed=True)
    return lambda data: whole(data[at:end], "big")


def _tail(data: bytes, at: int, size: int) -> bytes:
    """Give the content behind a head: `size` bytes for each that its length counts."""
    start = int.from_bytes(data[at : at + _WORD], "big") + _WORD
    count = int.from_bytes(data[start - _WORD : start], "big") * size
    content = data[start : start + count]
    if len(content) != count or start > len(data):
        raise _too_short()
    return content


def _text(at: int, *, is_text: bool) -> Read:
    if is_text:
        return lambda data: _tail(data, at, 1).decode("utf-8", "replace")
    return lambda data: _tail(data, at, 1).hex()


def _list(name: str, at: int) -> Read:
    item = _word(name, 0)

    def read(data: bytes) -> tuple[Any, ...]:
        content = _tail(data, at, _WORD)
        return tuple([item(content[i : i + _WORD]) for i in range(0, len(content), _WORD)])

    return read

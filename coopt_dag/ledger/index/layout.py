"""How entries of the ledger's state become rows, read off the state's own type hints."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from coopt_dag.ledger.actions import Opening, Share

_SEPARATOR = "/"  # stands in no name, address or hash


@dataclass(frozen=True, slots=True)
class Codec:
    """Turns keys and values of one field into what SQLite keeps, and back."""

    pack_key: Callable[[Any], Any]
    unpack_key: Callable[[Any], Any]
    pack: Callable[[Any], str]
    unpack: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """One field of the state: a mapping, or a mapping to growing lists."""

    name: str
    is_lists: bool
    has_number_key: bool
    codec: Codec


def layouts(state: type) -> list[Layout]:
    """Give the layout of every field of a state class; each is a mapping.

    Examples
    --------
    >>> from coopt_dag.ledger.state import LedgerState
    >>> {f.name: f.has_number_key for f in layouts(LedgerState)}["submissions"]
    True
    """
    hints = _hints(state)
    found = []
    for field in fields(state):
        key, value = get_args(hints[field.name])
        is_lists = get_origin(value) is list
        if is_lists:
            flat, value = _parts(key), get_args(value)[0]
            pack_key, unpack_key = _key_codec((*flat, int))
        else:
            pack_key, unpack_key = _key_codec(_parts(key))
        pack, unpack = _value_codec(value)
        codec = Codec(pack_key, unpack_key, pack, unpack)
        found.append(Layout(field.name, is_lists, key is int and not is_lists, codec))
    return found


def fingerprint(state: type) -> str:
    """Give a text that changes when what is kept changes.

    Examples
    --------
    >>> from coopt_dag.ledger.state import LedgerState
    >>> "submissions" in fingerprint(LedgerState)
    True
    """
    seen: dict[str, Any] = {}

    def note(hint: Any) -> str:
        for part in get_args(hint):
            note(part)
        if is_dataclass(hint) and isinstance(hint, type) and hint.__name__ not in seen:
            seen[hint.__name__] = ""
            inner = _hints(hint)
            seen[hint.__name__] = {f.name: note(inner[f.name]) for f in fields(hint)}
        return str(hint)

    note(state)
    return json.dumps(seen, sort_keys=True)


def _hints(kind: type) -> dict[str, Any]:
    """Resolve a class's hints; these two names its module knows only while types are checked."""
    return get_type_hints(kind, localns={"Opening": Opening, "Share": Share})


def _parts(key: Any) -> tuple[Any, ...]:
    return get_args(key) if get_origin(key) is tuple else (key,)


def _key_codec(parts: tuple[Any, ...]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    if len(parts) == 1:
        return _same, _same
    if all(part is str for part in parts):
        return _SEPARATOR.join, lambda text: tuple(text.split(_SEPARATOR))
    numbers = tuple(part is int for part in parts)

    def unpack(text: str) -> tuple[Any, ...]:
        words = text.split(_SEPARATOR)
        return tuple(int(w) if n else w for w, n in zip(words, numbers, strict=True))

    return lambda key: _SEPARATOR.join(map(str, key)), unpack


def _same(value: Any) -> Any:
    return value


def _value_codec(kind: Any) -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    plain, restore, loads = _to_plain(kind), _from_plain(kind), json.loads
    pack = dumps if plain is None else lambda value: dumps(plain(value))
    unpack = loads if restore is None else lambda text: restore(loads(text))
    return pack, unpack


def _to_plain(kind: Any) -> Callable[[Any], Any] | None:
    """Give what makes JSON's own kinds of a value; None if it is of them (tuples are)."""
    if get_origin(kind) is UnionType:
        part = _to_plain(_other_than_none(kind))
        return part and (lambda value: None if value is None else part(value))
    if get_origin(kind) is frozenset:
        return sorted
    if get_origin(kind) is tuple:
        item = _to_plain(get_args(kind)[0])
        return item and (lambda values: [item(v) for v in values])
    if not is_dataclass(kind):
        return None
    names, inner = _fields(kind, _to_plain)
    row = attrgetter(*names)
    if not inner:
        return row
    return lambda value: [inner[i](v) if i in inner else v for i, v in enumerate(row(value))]


def _from_plain(kind: Any) -> Callable[[Any], Any] | None:
    if get_origin(kind) is UnionType:
        part = _from_plain(_other_than_none(kind))
        return part and (lambda value: None if value is None else part(value))
    if get_origin(kind) is frozenset:
        return frozenset
    if get_origin(kind) is tuple:
        item = _from_plain(get_args(kind)[0])
        return tuple if item is None else lambda values: tuple(item(v) for v in values)
    if not is_dataclass(kind):
        return None
    _, inner = _fields(kind, _from_plain)

    def build(row: list[Any]) -> Any:
        for i, part in inner.items():
            row[i] = part(row[i])
        return kind(*row)  # type: ignore[operator]

    return build


def _other_than_none(kind: Any) -> Any:
    return next(k for k in get_args(kind) if k is not NoneType)


def _fields(
    kind: Any, codec: Callable[[Any], Callable[[Any], Any] | None]
) -> tuple[list[str], dict[int, Callable[[Any], Any]]]:
    hints = _hints(kind)
    names = [f.name for f in fields(kind)]
    found = ((i, codec(hints[name])) for i, name in enumerate(names))
    return names, {i: part for i, part in found if part is not None}

"""Readers made once a shape give what the slow decoder gives, and complain where it complains."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from hypothesis import given, settings
from hypothesis import strategies as st

from coopt_dag.errors import LedgerUnavailableError
from coopt_dag.ledger import abi
from coopt_dag.ledger.abireader import reader, word_reader
from coopt_dag.ledger.artifact import interface

EVENTS = {
    entry["name"]: [i for i in entry["inputs"] if not i.get("indexed")]
    for entry in interface()["events"].values()
}


def values(entry: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind = entry["type"]
    if kind.endswith("[]"):
        return st.lists(values({**entry, "type": kind[:-2]}), max_size=3)
    if kind == "tuple":
        return st.tuples(*map(values, entry["components"]))
    if kind == "string":
        return st.text(max_size=70)
    if kind == "bytes":
        return st.binary(max_size=70)
    if kind == "bool":
        return st.booleans()
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
    if kind.startswith("bytes"):
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    bits = int(kind.removeprefix("u").removeprefix("int"))
    low, high = (0, 2**bits) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return st.integers(low, high - 1)


@pytest.mark.parametrize("name", sorted(EVENTS))
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_both_decoders_read_every_event_alike(name: str, data: st.DataObject):
    entries = EVENTS[name]
    raw = encode([collapse_if_tuple(e) for e in entries], [data.draw(values(e)) for e in entries])
    kinds = tuple(abi.kind_of(entry) for entry in entries)
    read = reader(kinds)
    assert read(raw) == abi.decode(kinds, raw)
    for cut in range(0, len(raw), 32):
        assert outcome(lambda cut=cut: read(raw[:cut])) == outcome(
            lambda cut=cut: abi.decode(kinds, raw[:cut])
        )


def outcome(work: Any) -> Any:
    try:
        return work()
    except LedgerUnavailableError as error:
        return str(error)


@pytest.mark.parametrize("kind", ["address", "bool", "bytes32", "uint64", "int128", "uint256"])
@given(word=st.binary(min_size=32, max_size=32))
def test_both_read_every_word_alike(kind: str, word: bytes):
    assert word_reader(kind)(word) == abi.word_value(kind, word)


@given(raw=st.binary(max_size=300))
def test_what_is_no_event_is_refused_by_both_or_by_none(raw: bytes):
    kinds = tuple(abi.kind_of(entry) for entry in EVENTS["Submitted"])
    read = reader(kinds)
    assert outcome(lambda: read(raw)) == outcome(lambda: abi.decode(kinds, raw))

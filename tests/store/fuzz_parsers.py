"""Coverage-guided fuzzing (atheris) of everything that reads bytes of unknown origin.

python -m tests.store.seeds FOLDER && python -m tests.store.fuzz_parsers -max_total_time=60 FOLDER
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable

import atheris  # type: ignore[import-untyped]  # it ships no types

with atheris.instrument_imports(include=["coopt_dag.store"]):
    from coopt_dag.errors import (
        ContentMissingError,
        ContentRefusedError,
        IntegrityError,
        UsageError,
    )
    from coopt_dag.store.car import read_car
    from coopt_dag.store.car_header import decode_header, encode_header
    from coopt_dag.store.cid import CID, Codec
    from coopt_dag.store.dagpb import decode_node, encode_node
    from coopt_dag.store.hamt import check_shard
    from coopt_dag.store.limits import Limits
    from coopt_dag.store.memory import MemoryStore
    from coopt_dag.store.reader import Opened, Reader
    from coopt_dag.store.unixfs import decode_message, encode_message
    from coopt_dag.store.walk import walk
    from tests.store.seeds import PARSERS

SMALL = Limits(depth=8, total_bytes=1 << 20, entries=100, blocks=100, roots=10)
REFUSALS = (ContentRefusedError, IntegrityError, ContentMissingError)


def node(data: bytes) -> None:
    """What is accepted as dag-pb means the same when encoded again."""
    found = decode_node(data)
    if found.data is not None:
        again = decode_node(encode_node(list(found.links), found.data))
        assert again == found


def message(data: bytes) -> None:
    """What is accepted as UnixFS means the same when encoded again."""
    found = decode_message(data)
    assert decode_message(encode_message(found)) == found


def cid(data: bytes) -> None:
    """What is accepted as a CID has one text and one binary form."""
    found = CID.from_bytes(data)
    assert found.to_bytes() == data
    assert CID.parse(str(found)) == found


def cid_text(data: bytes) -> None:
    """A text is refused or is the one text of its CID."""
    text = data.decode("latin-1")
    with contextlib.suppress(UsageError):
        assert str(CID.parse(text)) == text


def header(data: bytes) -> None:
    """What is accepted as header of a CAR says the same when encoded again."""
    roots = decode_header(data, most_roots=10)
    assert decode_header(encode_header(roots), most_roots=10) == roots


def car(data: bytes) -> None:
    """Every block that a CAR gives is the one that it names."""
    for name, block in read_car(io.BytesIO(data), limits=SMALL):
        assert CID.of(block, name.codec).digest == name.digest


def shard(data: bytes) -> None:
    """A shard is refused, or its names and its bitmap agree."""
    found = decode_node(data)
    check_shard(decode_message(found.data or b""), found.links, b"")


def dag(data: bytes) -> None:
    """A block that is in no way what it says costs no more than the limits."""
    store = MemoryStore()
    store.put(b"x", Codec.RAW)
    root = store.put(data, Codec.DAG_PB)
    with contextlib.suppress(*REFUSALS):
        list(walk(store, root, limits=SMALL))
    reader = Reader(store, limits=SMALL, symlinks=True)
    read(reader, reader.open(root))


def read(reader: Reader, opened: Opened) -> None:
    if opened.is_folder:
        for _, below in reader.entries(opened):
            read(reader, reader.open(below, trail=opened.trail))
    elif not opened.is_symlink:
        assert sum(map(len, reader.content(opened))) == opened.size


TARGETS: list[Callable[[bytes], None]] = [
    node, message, cid, cid_text, header, car, shard, dag,
]  # fmt: skip
assert tuple(target.__name__ for target in TARGETS) == PARSERS


def one_input(data: bytes) -> None:
    """Give the bytes to the parser that the first of them names; only refusals may come back."""
    if data:
        with contextlib.suppress(*REFUSALS):
            TARGETS[data[0] % len(TARGETS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

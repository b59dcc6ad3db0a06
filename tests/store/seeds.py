"""Valid bytes of every kind, from which the fuzzers start.

python -m tests.store.seeds FOLDER
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from coopt_dag.store.car import write_car
from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.dagpb import Link, decode_node
from coopt_dag.store.hamt import put_shards
from coopt_dag.store.importer import import_file, import_folder, import_symlink
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.profile import UNIXFS_V0_2015, Profile
from coopt_dag.store.walk import walk

SMALL = Profile("small", chunk_bytes=10, width=3, folder_bytes=1000)
PARSERS = ("node", "message", "cid", "cid_text", "header", "car", "shard", "dag")
"""What is fuzzed, in the order of `fuzz_parsers.TARGETS`."""

X = CID.of(b"x", Codec.RAW)


def store_of_all() -> tuple[MemoryStore, list[CID]]:
    """Give a store with a file of several levels, folders, shards and symlinks, and their roots."""
    store = MemoryStore()
    content = io.BytesIO(bytes(range(95)))
    file = import_file(content, store.put, profile=SMALL)
    old = import_file(io.BytesIO(b"old"), store.put, profile=UNIXFS_V0_2015)
    link = import_symlink(b"file", store.put)
    one = import_file(io.BytesIO(b"x"), store.put)
    folder = import_folder({b"file": file, b"link": link, b"old": old}, store.put)
    shards = put_shards([Link(one.cid, b"%d" % n, 1) for n in range(40)], store.put)
    return store, [file.cid, old.cid, link.cid, folder.cid, shards.cid]


def blocks() -> list[bytes]:
    """Give one block of every kind."""
    store, roots = store_of_all()
    return [store.get(root) for root in roots]


def car() -> bytes:
    """Give a CAR of all of them."""
    store, roots = store_of_all()
    stream = io.BytesIO()
    write_car(stream, roots, (pair for root in roots for pair in walk(store, root)))
    return stream.getvalue()


def write_corpus(folder: Path) -> None:
    """Write a file for each kind and parser; the first byte of a file names the parser."""
    data = blocks()
    messages = [decode_node(block).data or b"" for block in data]
    texts = [str(X).encode(), str(CID(0, Codec.DAG_PB, X.digest)).encode()]
    names = [X.to_bytes(), X.to_bytes()[2:]]
    whole = car()
    start = [whole[2 : 2 + 17 + 5 * 41], bytes.fromhex("a265726f6f7473806776657273696f6e01")]
    seeds = {
        "node": data, "message": messages, "cid": names, "cid_text": texts,
        "header": start, "car": [whole, whole[:300]], "shard": data[-1:], "dag": data,
    }  # fmt: skip
    for number, target in enumerate(PARSERS):
        for n, seed in enumerate(seeds[target]):
            (folder / f"{target}-{n}").write_bytes(bytes([number]) + seed)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    write_corpus(Path(sys.argv[1]))

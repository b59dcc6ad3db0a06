"""A store with a bit of everything, and a gateway on it, for tests of serving."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from pathlib import Path

from coopt_dag.store.cid import CID, Codec
from coopt_dag.store.importer import Imported, import_file, import_folder
from coopt_dag.store.local import LocalStore
from coopt_dag.store.memory import MemoryStore
from coopt_dag.store.protocol import Put

BIG = random.Random(3).randbytes((7 << 20) // 2)  # 3.5 MiB: three whole leaves and a half
TWICE = random.Random(4).randbytes(1 << 20) * 2  # the same leaf twice
MANY = 8_000


@dataclass(frozen=True)
class Sample:
    """CIDs of what lies in the store, by path from `root`."""

    root: CID
    cids: dict[str, CID] = field(default_factory=dict)

    def __getitem__(self, path: str) -> CID:
        return self.cids[path]


def fill(store: LocalStore | MemoryStore, *, many: int = MANY) -> Sample:
    """Put files and folders of every kind into a store."""
    cids: dict[str, CID] = {}
    with store.batch() as put:

        def file(path: str, content: bytes) -> Imported:
            made = import_file(io.BytesIO(content), put)
            cids[path] = made.cid
            return made

        def folder(path: str, entries: dict[str, Imported]) -> Imported:
            made = import_folder({name.encode(): x for name, x in entries.items()}, put)
            cids[path] = made.cid
            return made

        shards = {
            f"event-{n:04d}.json": file(f"many/event-{n:04d}.json", b"%d\n" % n)
            for n in range(many)
        }
        root = folder(
            "",
            {
                "hello.txt": file("hello.txt", b"hello world\n"),
                "big.bin": file("big.bin", BIG),
                "twice.bin": file("twice.bin", TWICE),
                "nothing": file("nothing", b""),
                "a b": folder(
                    "a b", {"é<&>.csv": file("a b/é<&>.csv", b"x\n"), "x:y": file("a b/x:y", b"1")}
                ),
                "page": folder("page", {"index.html": file("page/index.html", b"<p>hi</p>\n")}),
                "empty": folder("empty", {}),
                "many": folder("many", shards),
            },
        )
    return Sample(root.cid, cids)


def damage(store: LocalStore, cid: CID) -> Path:
    """Flip one bit of a block on disk."""
    path = store.path_of(cid)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


def symlink(put: Put) -> CID:
    """Put a UnixFS symlink, which we never make ourselves: type 4, data 'x'."""
    return put(bytes.fromhex("0a05" + "0804" + "120178"), Codec.DAG_PB)

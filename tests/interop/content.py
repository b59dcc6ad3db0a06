"""Files and folders to exchange: random but the same in every run, each of another shape."""

from __future__ import annotations

import random
from pathlib import Path

MIB = 1 << 20
MANY = 8000
SIZES = {
    "empty": 0,
    "byte": 1,
    "v0-chunk": 256 << 10,
    "v0-chunk-and-a-byte": (256 << 10) + 1,
    "v1-chunk": MIB,
    "v1-chunk-and-a-byte": MIB + 1,
    "v0-two-levels": 174 * (256 << 10) + 1,  # one chunk more than a node of the old width holds
}


def files(folder: Path) -> Path:
    """Write a file of every size at which the tree changes its shape."""
    rng = random.Random(1)
    for name, size in SIZES.items():
        (folder / name).write_bytes(rng.randbytes(size))
    return folder


def nested(folder: Path) -> Path:
    """Write a folder with hidden files, odd names, an empty folder, equal files."""
    rng = random.Random(2)
    for name in ("a/b/c.txt", ".hidden", "größe.csv", "with space", "a/same", "same"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"same" if path.name == "same" else rng.randbytes(rng.randrange(5000)))
    (folder / "nothing").mkdir()
    (folder / "large").write_bytes(rng.randbytes(3 * MIB))
    return folder


def crowded(folder: Path, *, count: int = MANY) -> Path:
    """Write a folder of so many entries that it is sharded (HAMT)."""
    folder.mkdir(parents=True)
    for n in range(count):
        (folder / f"event{n:06d}-hits.csv").write_text(f"{n}\n")
    return folder

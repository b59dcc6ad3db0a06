"""A salted Merkle commitment to files: pure, and simple enough to be written again by others.

docs/sealed.md says the same in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK_BYTES = 1 << 20
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedFile:
    """What a seal says of one file."""

    path: str
    """Below the challenge's data folder, with `/`."""
    size_bytes: int
    salt: bytes
    leaves: tuple[bytes, ...]
    """Hash of each chunk of 1 MiB; an empty file has one, empty, chunk."""


def chunks(size_bytes: int) -> int:
    """Give how many chunks a file has.

    >>> [chunks(n) for n in (0, 1, CHUNK_BYTES, CHUNK_BYTES + 1)]
    [1, 1, 1, 2]
    """
    return max(1, -(-size_bytes // CHUNK_BYTES))


def leaf(path: str, size_bytes: int, salt: bytes, number: int, chunk: bytes) -> bytes:
    """Hash one chunk, bound to its file's path and size, and to its place in it.

    >>> leaf("a", 1, bytes(32), 0, b"x") == leaf("b", 1, bytes(32), 0, b"x")
    False
    """
    name = path.encode()
    total = sha256(b"\0" + salt)
    total.update(len(name).to_bytes(8, "big") + name)
    total.update(size_bytes.to_bytes(8, "big") + number.to_bytes(8, "big"))
    total.update(chunk)
    return total.digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Give the root of leaves; a node without a partner moves up as it is.

    >>> one, two = bytes([1]) * 32, bytes([2]) * 32
    >>> merkle_root([one]) == one
    True
    >>> merkle_root([one, two]) == sha256(bytes([1]) + one + two).digest()
    True
    """
    level = list(leaves)
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [sha256(b"\1" + b"".join(p)).digest() if len(p) == 2 else p[0] for p in pairs]
    return level[0]


def root_of(files: Sequence[SealedFile]) -> str:
    """Give the root of a commitment: over all chunks of all files, files by path; 64 hex digits.

    >>> len(root_of([SealedFile("a", 0, bytes(32), (bytes(32),))]))
    64
    """
    ordered = sorted(files, key=lambda f: f.path.encode())
    return merkle_root([one for file in ordered for one in file.leaves]).hex()

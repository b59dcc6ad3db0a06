"""Draws that anybody can repeat: everything follows from 32 bytes that the ledger fixes late.

No library's generator is used, so that a draw is the same in every version and language.

References
----------
SHAKE256: FIPS 202, doi:10.6028/NIST.FIPS.202.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def words(seed: bytes, label: str, count: int) -> NDArray[np.uint64]:
    """Give `count` uniform 64-bit numbers: SHAKE256(seed, label), big endian.

    Raises
    ------
    ValueError
        The seed is not 32 bytes.

    Examples
    --------
    >>> words(bytes(32), "a", 2).tolist() == words(bytes(32), "a", 3).tolist()[:2]
    True
    """
    if len(seed) != 32:
        raise ValueError("a seed has 32 bytes")
    stream = hashlib.shake_256(seed + label.encode()).digest(8 * count)
    return np.frombuffer(stream, dtype=">u8").astype(np.uint64)


def permutations(seed: bytes, label: str, *, count: int, n: int) -> NDArray[np.int64]:
    """Give `count` orders of 0..n-1, one a row, each equally likely.

    >>> sorted(permutations(bytes(32), "a", count=2, n=5)[1].tolist())
    [0, 1, 2, 3, 4]
    """
    keys = words(seed, label, count * n).reshape(count, n)
    return np.argsort(keys, axis=1, kind="stable").astype(np.int64)

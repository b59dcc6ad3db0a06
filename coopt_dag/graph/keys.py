"""Content-addressed names: the same question always gets the same key, and nothing else does."""

from __future__ import annotations

import hashlib
import json
from typing import Any

KEY_HEX = 40
"""Length of a node key: 160 bits of sha256, in hexadecimal digits."""


def canonical(value: Any) -> bytes:
    """Give the one JSON text of a value: sorted keys, no spaces, UTF-8, no NaN.

    >>> canonical({"b": 1, "a": [1.5, None]})
    b'{"a":[1.5,null],"b":1}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(value: Any) -> str:
    """Give the sha256 of the canonical JSON of a value, in hexadecimal.

    >>> digest({"a": 1}) == digest({"a": 1}) != digest({"a": 2})
    True
    """
    return hashlib.sha256(canonical(value)).hexdigest()


def key_of(value: Any) -> str:
    """Give a node key for everything that the node's result depends on.

    >>> len(key_of({"step": "bias"}))
    40
    """
    return digest(value)[:KEY_HEX]

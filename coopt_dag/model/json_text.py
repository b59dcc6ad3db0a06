"""JSON of unknown origin: read to a depth at which nothing can break."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 64
"""Lists and objects inside each other; our own documents have at most 8."""

# A text that never ends still matches, once: a pattern that failed there would be tried again at
# every quote, in quadratic time.
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def read_json(text: bytes) -> Any:
    """Parse JSON that a stranger wrote.

    Python's own guard, the recursion limit, is no guard here: py-evm lifts it so far that a file
    of brackets ends the process by overflowing its stack.

    Raises
    ------
    ValueError
        It is no JSON, or nested deeper than `DEEPEST`.

    Examples
    --------
    >>> read_json(b'{"a": ["[[["]}')
    {'a': ['[[[']}
    >>> read_json(b"[" * 100_000)
    Traceback (most recent call last):
    ValueError: nested deeper than 64
    """
    depth = 0
    for bracket in _BRACKET.finditer(_TEXT.sub(b"", text)):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > DEEPEST:
            raise ValueError(f"nested deeper than {DEEPEST}")
    return json.loads(text)

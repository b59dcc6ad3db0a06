"""The meaning of a plain word in YAML: text, number, truth value or nothing.

These are the rules of YAML 1.2's core schema, so that `1e-3` is a number and a date is text.
Words that YAML 1.1 reads otherwise (`no`, `010`, `1:30`, `1_000`) are refused instead of guessed,
so that every reader of our files, PyYAML's SafeLoader included, understands the same.

References
----------
YAML 1.2.2, section 10.3.2 "Tag Resolution"; YAML 1.1 types bool, int and float.
"""

from __future__ import annotations

import math
import re

_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_OLD_BOOL = re.compile(r"(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)")
_OLD_NUMBER = re.compile(
    r"[-+]?(?:0[0-9]+|0b[01_]+|0o[0-7]+|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|0x[0-9a-fA-F_]+)"
)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))")

MAX_DIGITS = 400
"""Longest number; Python's own limit on int texts is 4,300 digits."""


class ScalarRefused(ValueError):  # noqa: N818 (it never leaves this room)
    """A word that has no single meaning, or none that we accept; `hint` says what to write."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def plain_scalar(word: str) -> str | int | float | bool | None:
    """Give the value of an unquoted word.

    Raises
    ------
    ScalarRefused
        NaN, infinity, or a word that YAML 1.1 and 1.2 read differently.

    Examples
    --------
    >>> [plain_scalar(w) for w in ("1e-3", "42", "true", "~", "2026-01-31", "stars")]
    [0.001, 42, True, None, '2026-01-31', 'stars']
    """
    if word in _NULL:
        return None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    first = word[0]
    if first.isdigit() or first in "+-.":
        return _number(word)
    if _OLD_BOOL.fullmatch(word):
        raise ScalarRefused(
            f"is the bare word '{word}', which some YAML readers take for a truth value",
            f"write true or false, or '{word}' in quotes if text is meant.",
        )
    return word


def _number(word: str) -> str | int | float:
    """Give the number that `word` spells, or the word if it spells none."""
    if _NOT_FINITE.fullmatch(word):
        raise ScalarRefused(
            f"is {word}, but only finite numbers are allowed", "give a finite number."
        )
    if _OLD_NUMBER.fullmatch(word):
        raise ScalarRefused(
            f"is {word}, which YAML readers understand differently",
            "write a plain decimal number, or quote it if text is meant.",
        )
    if not _FLOAT.fullmatch(word):
        return word
    if len(word) > MAX_DIGITS:
        raise ScalarRefused(f"has {len(word)} digits", f"write at most {MAX_DIGITS}.")
    if _INT.fullmatch(word):
        return int(word)
    number = float(word)
    if not math.isfinite(number):
        raise ScalarRefused(
            f"is {word}, which is beyond the largest number", "give a finite number."
        )
    return number

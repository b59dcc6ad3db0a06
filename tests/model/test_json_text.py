"""A stranger's JSON is read like anybody's, but never so deep that the process dies."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopt_dag.model.json_text import DEEPEST, read_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(values)
def test_what_json_reads_is_read_the_same(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_deepest_is_read_and_one_deeper_refused(opening: str, closing: str) -> None:
    def nested(depth: int) -> bytes:
        return (opening * depth + "1" + closing * depth).encode()

    assert read_json(nested(DEEPEST))
    with pytest.raises(ValueError, match="nested deeper"):
        read_json(nested(DEEPEST + 1))


def test_brackets_in_texts_do_not_count() -> None:
    text = "[{" * 1000 + '\\"'
    assert read_json(json.dumps({text: text}).encode()) == {text: text}


@pytest.mark.parametrize(
    "text", [b'"' + b'\\"' * 2_000_000, b'"\\' * 2_000_000, b'"' * 4_000_001, b'"a\\']
)
def test_texts_that_never_end_are_refused_in_linear_time(text: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(ValueError):  # noqa: PT011  # json's own words
        read_json(text)
    assert time.monotonic() - started < 20  # quadratic would be hours


def test_a_lifted_recursion_limit_does_not_matter() -> None:
    code = (
        "import sys; sys.setrecursionlimit(100_000)\n"  # as py-evm does
        "from coopt_dag.model.json_text import read_json\n"
        "try: read_json(b'[' * 200_000)\n"
        "except ValueError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n")

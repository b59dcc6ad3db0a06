from __future__ import annotations

import json
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from coopt_dag.errors import SpecError
from coopt_dag.specs.marks import Mark
from coopt_dag.specs.scalars import ScalarRefused, plain_scalar
from coopt_dag.specs.yaml_text import MAX_BYTES, MAX_DEPTH, parse_yaml


def read(text):
    return parse_yaml(text, shown="x.yaml")


def test_every_key_and_value_knows_its_line():
    found = read("a: 1\nb:\n  c: x\n  d:\n    - 1\n    - e: >\n        long\n")
    assert found.marks == {
        (): Mark(1, 1),
        ("a",): Mark(1, 1),
        ("b",): Mark(2, 2),
        ("b", "c"): Mark(3, 3),
        ("b", "d"): Mark(4, 4),
        ("b", "d", 0): Mark(5, 5),
        ("b", "d", 1): Mark(6, 6),
        ("b", "d", 1, "e"): Mark(6, 6),
    }


def test_a_value_on_the_line_after_its_key_is_found_there():
    assert read("a:\n  long text\n").marks["a",] == Mark(1, 2)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aZ09 äß€😀#:'\"-[]{}&*!|>%@`,?\\\n\t", max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1), json_values, max_size=4))
def test_json_is_yaml_with_the_same_meaning(value):
    assert read(json.dumps(value, ensure_ascii=False)).value == value


@settings(deadline=None)
@given(st.text("0123456789abefinoxrtuyNOE+-._:", min_size=1, max_size=8))
def test_a_word_means_to_us_what_it_means_to_safe_loader_or_is_refused(word):
    try:
        ours = plain_scalar(word)
    except ScalarRefused:
        return
    theirs = _safe_load(word)
    # YAML 1.1 has no `1e-3`, and has dates; the model takes such texts for the same numbers/times.
    if isinstance(theirs, str) and isinstance(ours, float | int):
        theirs = float(theirs)
    assert theirs is _UNREADABLE or ours == theirs or not isinstance(theirs, str | int | float)


_UNREADABLE = object()


def _safe_load(word):
    try:
        found = yaml.safe_load(f"k: {word}")
    except (yaml.YAMLError, ValueError):
        return _UNREADABLE
    return found["k"] if isinstance(found, dict) else _UNREADABLE


@pytest.mark.parametrize("word", ["yes", "Off", "010", "0x1F", "1:30", "1_000", "0b11", "0o17"])
def test_words_that_readers_understand_differently_are_refused(word):
    (flaw,) = read(f"a: {word}\n").flaws
    assert word in flaw.message
    assert read(f"a: '{word}'\n").value == {"a": word}


@pytest.mark.parametrize("word", [".nan", ".NaN", ".inf", "-.Inf", "+.INF", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_refused_with_their_line(word):
    (flaw,) = read(f"x: 1\na: [0, {word}]\n").flaws
    assert (flaw.loc, flaw.line) == (("a", 1), 2)


def test_an_alias_means_what_its_anchor_meant_and_knows_both_lines():
    found = read("a: &one\n  b: [1]\nc: *one\n")
    assert found.value == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert found.marks["c",] == Mark(3, 3)
    assert found.marks["c", "b", 0] == Mark(2, 2)


REFUSED = {
    "": "is empty",
    "# only a comment\n": "is empty",
    "a: 1\n---\nb: 2\n": "second document",
    "a: !!python/object:os.system x\n": "tag",
    "a: !secret x\n": "tag",
    "a: !!float 3\n": "tag",
    "1: a\n": "key 1",
    "null: a\n": "key null",
    "? [a]\n: b\n": "no word",
    "a: &x {b: *x}\n": "inside itself",
    "a: *nobody\n": "nobody",
    "a: &x {b: 1}\nc:\n  <<: *x\n": "<<",
    "a:\n\t- b\n": "not valid YAML",
    "a: [1\n": "not valid YAML",
    "a: b: c\n": "not valid YAML",
    "a: \x00\n": "not readable",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_what_no_specification_needs_is_refused(text, reason):
    with pytest.raises(SpecError, match=reason) as caught:
        read(text)
    assert caught.value.hint


HOSTILE = {
    "brackets": "[" * 100_000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "questions": "? " * 100_000,
    "laughs": "a0: &a0 [x, x]\n"
    + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
    "many aliases": "a: &a [x]\nb:\n" + "- *a\n" * 100_000,
    "many anchors": "".join(f"- &a{i} x\n" for i in range(60_000)),
    "long": "a" * (MAX_BYTES + 1),
    "deep blocks": "".join(" " * i + "a:\n" for i in range(MAX_DEPTH + 5)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_soon_and_without_a_crash(name):
    start = time.perf_counter()
    with pytest.raises(SpecError):
        read(HOSTILE[name])
    assert time.perf_counter() - start < 5


def test_a_number_of_many_digits_is_refused():
    (flaw,) = read("a: " + "9" * 5000).flaws
    assert "5000 digits" in flaw.message
